// The graphs of all architectures as text, their dispatch budgets, and what their files may vary.
#include <gtest/gtest.h>

#include <map>

#include "ir/passes/passes.h"
#include "model/golden_print.h"
#include "model/refused.h"

namespace rocmforge::test {
namespace {

const std::vector<std::string> kNames = {"qwen2", "qwen3", "chatglm", "glm4"};

TEST(ArchitectureGraphs, PrintAsRecorded) {
  for (const std::string& name : kNames) {
    const Built built(tiny_model(tiny_shape(name)));
    expect_golden_print(name + "_body", ir::print(built.model->body));
    expect_golden_print(name + "_body_fused", ir::print(ir::fuse(built.model->body)));
    expect_golden_print(name + "_head_fused", ir::print(ir::fuse(built.model->head)));
  }
}

// Dispatches of a layer: see LlamaGraph.KeepsTheDispatchBudget. glm4 has beside them, for each of
// its two post-norms, norm and add.
TEST(ArchitectureGraphs, KeepTheirDispatchBudgets) {
  const std::map<std::string, int> budgets = {
      {"qwen2", 5}, {"qwen3", 5}, {"chatglm", 5}, {"glm4", 9}};
  for (const auto& [name, budget] : budgets) {
    for (const std::int32_t n_layers : {1, 4}) {
      TinyModel shape = tiny_shape(name);
      shape.n_layers = n_layers;
      const Built built(tiny_model(shape));
      EXPECT_EQ(ir::n_dispatches(ir::fuse(built.model->body)), budget * n_layers + 1) << name;
      EXPECT_EQ(ir::n_dispatches(ir::fuse(built.model->head)), 3) << name;
    }
  }
}

TEST(ArchitectureParams, AreTheFiles) {
  const model::HyperParams qwen3 = Built(tiny_model(tiny_shape("qwen3"))).model->params;
  EXPECT_EQ(qwen3.head_dim, 32);
  EXPECT_EQ(qwen3.q_dim(), 128);  // of 64 dimensions
  EXPECT_EQ(qwen3.rope.kind, ir::RopeKind::kNeox);
  EXPECT_EQ(qwen3.rope.n_rot, 32);
  EXPECT_EQ(Built(tiny_model(tiny_shape("qwen2"))).model->params.rope.kind, ir::RopeKind::kNeox);
  for (const char* name : {"chatglm", "glm4"}) {
    const model::HyperParams p = Built(tiny_model(tiny_shape(name))).model->params;
    EXPECT_EQ(p.rope.kind, ir::RopeKind::kNorm);
    EXPECT_EQ(p.rope.n_rot, 8);
    EXPECT_EQ(p.head_dim, 16);
  }
}

// Every architecture takes fused tensors and single ones, with biases and without, tied or not.
TEST(ArchitectureTensors, FusedOrApartBiasedOrNot) {
  std::vector<std::string> names = kNames;
  names.emplace_back("llama");
  for (const std::string& name : names) {
    for (int bits = 0; bits < 16; ++bits) {
      TinyModel shape = tiny_shape(name);
      shape.fused_qkv = (bits & 1) != 0;
      shape.fused_gate_up = (bits & 2) != 0;
      shape.qkv_biases = (bits & 4) != 0;
      shape.tied = (bits & 8) != 0;
      const Built built(tiny_model(shape));
      EXPECT_EQ(built.model->params.architecture, name);
    }
  }
}

TEST(ArchitectureTensors, MissingOnesAreNamed) {
  const auto refused = [](const char* name, const std::string& tensor, const char* culprit) {
    expect_refused(without(tensor, {}, tiny_shape(name)), ErrorCode::kFormat, culprit);
  };
  refused("qwen2", "blk.1.attn_k.weight",
          "blk.1.attn_k.weight: tensor is missing, [32, 64] wanted");
  refused("qwen3", "blk.0.attn_q_norm.weight",
          "blk.0.attn_q_norm.weight: tensor is missing, [32] wanted");
  refused("qwen3", "blk.1.attn_k_norm.weight",
          "blk.1.attn_k_norm.weight: tensor is missing, [32] wanted");
  refused("chatglm", "blk.0.attn_qkv.weight", "blk.0.attn_q.weight: tensor is missing");
  refused("chatglm", "blk.0.ffn_up.weight", "blk.0.ffn_up.weight: tensor is missing, [192, 64]");
  refused("glm4", "blk.0.post_attention_norm.weight", "blk.0.post_attention_norm.weight");
  refused("glm4", "blk.1.post_ffw_norm.weight", "blk.1.post_ffw_norm.weight");
}

// What an architecture does not know of is not ignored.
TEST(ArchitectureTensors, ForeignOnesAreRefused) {
  const auto foreign = [](const char* name, const std::string& tensor, std::int64_t size) {
    expect_refused(without(
                       "",
                       [&](gguf::Writer& w) {
                         w.add_tensor(tensor, DType::kF32, Shape{size},
                                      std::vector<std::byte>(static_cast<std::size_t>(size) * 4));
                       },
                       tiny_shape(name)),
                   ErrorCode::kUnsupported, tensor);
  };
  foreign("qwen2", "blk.0.attn_q_norm.weight", 16);
  foreign("qwen2", "blk.0.attn_sinks.weight", 4);
  foreign("qwen3", "cls.output.weight", 64);
  foreign("chatglm", "blk.0.post_attention_norm.weight", 64);
  foreign("glm4", "blk.0.attn_k_norm.weight", 16);
  foreign("qwen3", "blk.2.nextn.enorm.weight", 64);
  foreign("llama", "blk.0.ffn_gate_inp.weight", 64);
}

// Sizes that keys and tensors give differently.
TEST(ArchitectureTensors, ShapesAreTheKeys) {
  const auto with = [](const char* name, const std::string& suffix, std::uint32_t value) {
    const std::string key = std::string(name) + "." + suffix;
    return without(key, [&](gguf::Writer& w) { w.add_u32(key, value); }, tiny_shape(name));
  };
  expect_refused(with("qwen3", "attention.key_length", 16), ErrorCode::kUnsupported,
                 "qwen3.attention.value_length: is 32, other than the keys' 16");
  expect_refused(with("chatglm", "attention.head_count_kv", 4), ErrorCode::kFormat,
                 "blk.0.attn_qkv.weight: has shape [128, 64], [192, 64] wanted");
  expect_refused(with("chatglm", "feed_forward_length", 192), ErrorCode::kFormat,
                 "blk.0.ffn_up.weight: has shape [192, 64], [384, 64] wanted");
  expect_refused(with("glm4", "rope.dimension_count", 18), ErrorCode::kFormat,
                 "glm4.rope.dimension_count: is 18");
  expect_refused(without(
                     "blk.0.attn_q_norm.weight",
                     [](gguf::Writer& w) {
                       w.add_tensor("blk.0.attn_q_norm.weight", DType::kF32, Shape{128},
                                    std::vector<std::byte>(512));
                     },
                     tiny_shape("qwen3")),
                 ErrorCode::kFormat, "blk.0.attn_q_norm.weight: has shape [128], [32] wanted");
}

}  // namespace
}  // namespace rocmforge::test
