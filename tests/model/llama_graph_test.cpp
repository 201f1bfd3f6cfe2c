// The llama graph as text, before and after the passes.
#include <gtest/gtest.h>

#include "ir/passes/passes.h"
#include "model/build.h"
#include "model/golden_print.h"
#include "support/tiny_model.h"

namespace rocmforge::test {
namespace {

TEST(LlamaGraph, PrintsAsRecorded) {
  const Built built(tiny_model({.n_layers = 2, .matrix = DType::kQ8_0, .biases = true}));
  expect_golden_print("llama_body", ir::print(built.model->body));
  expect_golden_print("llama_head", ir::print(built.model->head));
  expect_golden_print("llama_body_fused", ir::print(ir::fuse(built.model->body)));
  expect_golden_print("llama_head_fused", ir::print(ir::fuse(built.model->head)));
  expect_golden_print("llama_body_plain", ir::print(ir::expand_attention(built.model->body, 512)));
}

TEST(LlamaGraph, KeepsTheDispatchBudget) {
  for (const std::int32_t n_layers : {1, 4}) {
    const Built built(tiny_model({.n_layers = n_layers}));
    // norm + QKV; rope + KV write + attention; output + residual; norm + gate, up, SwiGLU; down +
    // residual. Beside the layers: the embedding, and the head's rows, norm + logits, and choice.
    EXPECT_EQ(ir::n_dispatches(ir::fuse(built.model->body)), 5 * n_layers + 1);
    EXPECT_EQ(ir::n_dispatches(ir::fuse(built.model->head)), 3);
  }
}

TEST(LlamaGraph, TiesEmbeddingAndOutput) {
  const Built tied(tiny_model({.tied = true})), apart(tiny_model({.tied = false}));
  EXPECT_EQ(tied.model->weights->size() + 1, apart.model->weights->size());
}

}  // namespace
}  // namespace rocmforge::test
