// Golden prints: any change of what is built or planned shows as a difference of text.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "ir/llama_graph.h"
#include "ir/passes/memory_plan.h"
#include "ir/passes/passes.h"

namespace rocmforge::test {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// ROCMFORGE_UPDATE_GOLDEN=1 writes the files anew; the test then still fails where they differed.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(ROCMFORGE_GOLDEN_DIR) + "/" + name;
  const std::string golden = read(path);
  if (std::getenv("ROCMFORGE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  EXPECT_EQ(golden, text) << name << ": is not as before; ROCMFORGE_UPDATE_GOLDEN=1 writes it anew";
}

constexpr std::int64_t kContext = 64;

TEST(Print, LlamaBody) {
  expect_golden("llama_body.txt", ir::print(SmallLlama{}.body()));
}

TEST(Print, LlamaBodyFused) {
  expect_golden("llama_body.fused.txt", ir::print(ir::fuse(SmallLlama{}.body())));
}

TEST(Print, LlamaBodyExpanded) {
  expect_golden("llama_body.expanded.txt",
                ir::print(ir::expand_attention(SmallLlama{}.body(), kContext)));
}

TEST(Print, LlamaBodyFusedAndExpanded) {
  expect_golden("llama_body.fused.expanded.txt",
                ir::print(ir::expand_attention(ir::fuse(SmallLlama{}.body()), kContext)));
}

TEST(Print, LlamaHead) {
  const ir::Graph head = SmallLlama{}.head();
  expect_golden("llama_head.txt", ir::print(head));
  expect_golden("llama_head.fused.txt", ir::print(ir::fuse(head)));
}

TEST(Print, LlamaBodyPlan) {
  SmallLlama llama;
  llama.taps = true;
  const ir::Graph graph = ir::specialise(ir::fuse(llama.body()), 4);
  const ir::StepLayout step(ir::StepLimits{.rope_dims = llama.rope.n_rot});
  const ir::Regions regions = ir::plan_regions(step.limits, llama.dim, llama.vocab);
  const ir::MemoryPlan plan =
      ir::plan_memory(graph, step, regions, [](const ir::Graph&, const ir::Node& node) {
        return std::holds_alternative<ir::PagedAttention>(node.op) ? 1000 : 0;
      });
  expect_golden("llama_body.plan.txt", ir::print(graph, plan));
}

// 5 dispatches a layer and the embedding; the head has its rows and one matmul.
TEST(Dispatches, FusedLlamaKeepsItsBudget) {
  const SmallLlama llama;
  EXPECT_EQ(ir::n_dispatches(ir::fuse(llama.body())), 5 * llama.n_layers + 1);
  EXPECT_EQ(ir::n_dispatches(ir::fuse(llama.head())), 2);
  EXPECT_EQ(ir::n_dispatches(llama.body()), 12 * llama.n_layers + 1);
}

TEST(Print, FloatsAreAsShortAsTheyReadBack) {
  auto table = std::make_shared<ir::WeightTable>();
  ir::Builder g("floats", table, SmallLlama{}.sources());
  const ir::Value x = g.embed(add_weight(*table, "e", 4, 32), g.input(ir::Slot::kTokens));
  const ir::Value y = g.scale(g.scale(g.scale(x, 0.1f), 1.0f / 3), 1e-30f);
  g.tap(y, "y");
  g.output(g.copy(y), ir::Slot::kHidden);
  const std::string text = ir::print(g.finish());
  EXPECT_NE(text.find("%2 = scale %1 by 0.1 : F32[rows, 32]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("by 0.33333334 :"), std::string::npos) << text;
  EXPECT_NE(text.find("by 1e-30 : F32[rows, 32] tap y\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace rocmforge::test
