#include "ir/passes/memory_plan.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "ir/llama_graph.h"
#include "ir/passes/passes.h"
#include "ir/text.h"
#include "support/check_plan.h"
#include "support/property.h"
#include "support/random_graph.h"

namespace rocmforge::test {
namespace {

using ir::Graph;
using ir::MemoryPlan;
using ir::Node;
using ir::Space;
using ir::Value;

std::int64_t some_scratch(const Graph& graph, const Node& node) {
  if (ir::is_free(node.op)) return 0;
  return graph.desc(node.outputs[0]).shape[-1] % 3 * 500;
}

class Body {
 public:
  explicit Body(std::int64_t dim = 64)
      : table_(std::make_shared<ir::WeightTable>()),
        g("body", table_,
          {.rope_dims = 8, .max_rows = 16, .dim = dim, .n_kv_heads = 1, .head_dim = 32}),
        step(ir::StepLimits{.max_rows = 16, .max_head_rows = 4, .rope_dims = 8}),
        regions(ir::plan_regions(step.limits, dim, 100)),
        dim_(dim) {}

  Value embed() {
    return g.embed(add_weight(*table_, "embed", 40, dim_), g.input(ir::Slot::kTokens));
  }
  Value matmul(Value x, std::int64_t rows) { return g.matmul(weight(x, rows), x); }
  Value matmul_add(Value x, Value residual) {
    const ir::MatMul op{
        .weight = weight(x, g.desc(residual).shape[1]), .norm = {}, .epilogue = ir::Epilogue::kAdd};
    return g.append(op, {x, residual})[0];
  }
  // The plan for 3 rows; it has to be right, whatever else the test asks of it.
  MemoryPlan plan(Value output) {
    g.output(output, ir::Slot::kHidden);
    graph = ir::specialise(g.finish(), 3);
    MemoryPlan made = ir::plan_memory(graph, step, regions, some_scratch);
    EXPECT_EQ(check_plan(graph, made, step, regions), "") << ir::print(graph, made);
    return made;
  }

 private:
  ir::WeightId weight(Value x, std::int64_t rows) {
    return add_weight(*table_, ir::text("w", table_->size()), rows, g.desc(x).shape[1]);
  }
  std::shared_ptr<ir::WeightTable> table_;

 public:
  ir::Builder g;
  ir::StepLayout step;
  ir::Regions regions;
  Graph graph;

 private:
  std::int64_t dim_;
};

const ir::Placement& at(const MemoryPlan& plan, Value v) {
  return plan.values.at(static_cast<std::size_t>(v.id));
}

TEST(MemoryPlan, RegionsAreAlignedAndApart) {
  const ir::StepLimits limits{.max_rows = 3, .max_head_rows = 2};
  const ir::Regions regions = ir::plan_regions(limits, 33, 7);
  EXPECT_EQ(regions.hidden, 0);
  EXPECT_EQ(regions.logits, 512);     // 3 * 33 * 4 = 396
  EXPECT_EQ(regions.sampled, 768);    // 2 * 7 * 4 = 56
  EXPECT_EQ(regions.incoming, 1024);  // 2 * 4
  EXPECT_EQ(regions.bytes, 1024);
}

TEST(MemoryPlan, MemoryOfTheDeadIsTakenAgain) {
  Body b;
  Value x = b.embed();
  std::vector<Value> chain = {x};
  for (int i = 0; i < 8; ++i) chain.push_back(x = b.g.scale(x, 0.5f));
  const MemoryPlan plan = b.plan(x);
  // Two values of 3 rows live at a time; scratch of 64 % 3 * 500 bytes beside them.
  EXPECT_EQ(plan.arena_bytes, b.regions.bytes + 2 * 768 + 512);
  EXPECT_EQ(at(plan, chain[0]).offset, at(plan, chain[2]).offset);
}

TEST(MemoryPlan, AResidualThatDiesIsWrittenOver) {
  Body b;
  const Value r = b.embed();
  const Value x = b.g.scale(r, 2);
  const Value y = b.matmul_add(x, r);
  const Value z = b.g.copy(y);
  const MemoryPlan plan = b.plan(z);
  EXPECT_EQ(at(plan, y).offset, at(plan, r).offset);
}

TEST(MemoryPlan, AResidualReadLaterKeepsItsPlace) {
  Body b;
  const Value r = b.embed();
  const Value y = b.matmul_add(b.g.scale(r, 2), r);
  const MemoryPlan plan = b.plan(b.g.add(y, r));
  EXPECT_NE(at(plan, y).offset, at(plan, r).offset);
}

TEST(MemoryPlan, AResidualWithALivingViewKeepsItsPlace) {
  Body b;
  const Value r = b.embed();
  const Value view = b.g.columns(r, 8, 32);
  const Value y = b.matmul_add(b.g.scale(r, 2), r);
  const Value z = b.matmul(view, 64);
  const MemoryPlan plan = b.plan(b.g.add(y, z));
  EXPECT_NE(at(plan, y).offset, at(plan, r).offset);
  EXPECT_EQ(at(plan, view).offset, at(plan, r).offset + 8 * 4);
}

TEST(MemoryPlan, AResidualThatIsTheInputToo) {
  Body b;
  const Value r = b.embed();
  const Value y = b.matmul_add(b.g.columns(r, 0, 32), r);
  const MemoryPlan plan = b.plan(b.g.copy(y));
  EXPECT_NE(at(plan, y).offset, at(plan, r).offset);
}

TEST(MemoryPlan, ATappedResidualKeepsItsPlace) {
  Body b;
  const Value r = b.embed();
  b.g.tap(r, "r");
  const Value y = b.matmul_add(b.g.scale(r, 2), r);
  const MemoryPlan plan = b.plan(b.g.copy(y));
  EXPECT_NE(at(plan, y).offset, at(plan, r).offset);
}

TEST(MemoryPlan, AnOutputInPlaceLiesAtItsRegionWithItsWholeChain) {
  Body b;
  const Value r = b.embed();
  const Value y = b.matmul_add(b.g.scale(r, 2), r);
  const Value z = b.matmul_add(b.g.scale(y, 2), y);
  const MemoryPlan plan = b.plan(z);
  for (const Value v : {r, y, z}) EXPECT_EQ(at(plan, v).offset, b.regions.hidden);
}

TEST(MemoryPlan, AnAccumulatorIsWrittenOver) {
  Body b;
  const Value x = b.embed();
  const Value a = b.g.scale(x, 2);
  const Value sum = b.g.accumulate(b.g.accumulate(a, x), x);
  const MemoryPlan plan = b.plan(b.g.copy(sum));
  EXPECT_EQ(at(plan, sum).offset, at(plan, a).offset);
}

TEST(MemoryPlan, ViewsKeepTheirRootAlive) {
  Body b;
  const Value x = b.matmul(b.embed(), 96);
  const Value view = b.g.columns(b.g.columns(x, 32, 64), 16, 32);
  Value y = b.matmul(x, 96);
  for (int i = 0; i < 4; ++i) y = b.g.scale(y, 2);
  const MemoryPlan plan = b.plan(b.matmul(b.g.add(view, b.g.columns(y, 0, 32)), 64));
  EXPECT_EQ(at(plan, view).offset, at(plan, x).offset + 48 * 4);
}

TEST(MemoryPlan, StepInputsLieInTheStepBuffer) {
  Body b;
  const Value rope_rows = b.g.input(ir::Slot::kRopeRows);
  const Value x = b.g.rope(b.embed(), rope_rows, {.head_dim = 32, .n_rot = 8});
  const MemoryPlan plan = b.plan(x);
  EXPECT_EQ(at(plan, rope_rows).space, Space::kStep);
  EXPECT_EQ(at(plan, rope_rows).offset, b.step.rope_rows);
}

TEST(MemoryPlan, StatesStayInTheirLayer) {
  Body b;
  const ir::AttentionSpec spec{.n_heads = 2, .n_kv_heads = 1, .head_dim = 32, .scale = 1};
  Value kv = b.g.kv_state(7);
  const Value first = kv;
  const Value q = b.embed();
  const Value k = b.matmul(q, 32);
  const Value y = b.g.paged_attention(q, k, k, kv, spec);
  const MemoryPlan plan = b.plan(y);
  for (const Value v : {first, kv}) {
    EXPECT_EQ(at(plan, v).space, Space::kKvState);
    EXPECT_EQ(at(plan, v).offset, 7);
  }
}

TEST(MemoryPlan, RefusesWhatDoesNotFit) {
  Body b;
  b.g.output(b.embed(), ir::Slot::kHidden);
  const Graph graph = b.g.finish();
  EXPECT_THROW(ir::plan_memory(graph, b.step, b.regions, {}), Error);  // rows symbolic
  EXPECT_THROW(ir::plan_memory(ir::specialise(graph, 17), b.step, b.regions, {}), Error);
  EXPECT_NO_THROW(ir::plan_memory(ir::specialise(graph, 16), b.step, b.regions, {}));
  const ir::Regions narrow = ir::plan_regions(b.step.limits, 32, 100);
  EXPECT_THROW(ir::plan_memory(ir::specialise(graph, 16), b.step, narrow, {}), Error);
}

TEST(MemoryPlan, TheLlamaBodyKeepsOneResidualStream) {
  const SmallLlama llama;
  const ir::StepLayout step(ir::StepLimits{.rope_dims = llama.rope.n_rot});
  const ir::Regions regions = ir::plan_regions(step.limits, llama.dim, llama.vocab);
  const Graph graph = ir::specialise(ir::fuse(llama.body()), 8);
  const MemoryPlan plan = ir::plan_memory(graph, step, regions, {});
  EXPECT_EQ(check_plan(graph, plan, step, regions), "");
  for (const Node& node : graph.nodes) {
    const auto* matmul = std::get_if<ir::MatMul>(&node.op);
    if (matmul == nullptr || matmul->epilogue != ir::Epilogue::kAdd) continue;
    EXPECT_EQ(at(plan, node.outputs[0]).offset, regions.hidden);
  }
  // qkv of 128 columns beside the attention's 64.
  EXPECT_EQ(plan.arena_bytes, regions.bytes + 8 * 4 * (128 + 64));
}

ir::StepLayout step_of(const RandomGraph& random) {
  return ir::StepLayout(random.limits);
}

// What the checker must say of a plan, for every pass's graph.
void check_all(const RandomGraph& random) {
  const ir::StepLayout step = step_of(random);
  const ir::Regions regions = ir::plan_regions(random.limits, random.dim, random.vocab);
  const std::int32_t max = random.is_head ? random.limits.max_head_rows : random.limits.max_rows;
  for (const std::int64_t n : {1, 3, max}) {
    const Graph plain = ir::specialise(random.graph, n);
    for (const Graph& graph :
         {plain, ir::fuse(plain), ir::expand_attention(ir::fuse(plain), random.context)}) {
      const MemoryPlan plan = ir::plan_memory(graph, step, regions, some_scratch);
      RC_ASSERT(check_plan(graph, plan, step, regions) == "");
      const MemoryPlan apart = unshared_plan(graph, step, regions, some_scratch);
      RC_ASSERT(check_plan(graph, apart, step, regions) == "");
      RC_ASSERT(plan.arena_bytes <= apart.arena_bytes);
    }
  }
}

RC_GTEST_PROP(MemoryPlan, NoTwoLivingValuesShareAWord,
              (const std::vector<std::uint32_t>& numbers)) {
  Choices choices(numbers);
  check_all(random_graph(choices));
}

// The checker itself: a plan in which one value is moved onto another that is alive must not pass.
TEST(CheckPlan, FindsAWrongPlan) {
  Body b;
  const Value x = b.embed();
  const Value y = b.g.scale(x, 2);
  const Value z = b.g.add(x, y);
  const MemoryPlan right = b.plan(b.g.copy(z));
  MemoryPlan wrong = right;
  wrong.values[static_cast<std::size_t>(y.id)] = right.values[static_cast<std::size_t>(x.id)];
  EXPECT_EQ(check_plan(b.graph, wrong, b.step, b.regions),
            "node 2 scale wrote over its operand: %1 finds %2 in row 0, column 0");
  wrong = right;
  wrong.values[static_cast<std::size_t>(y.id)].offset -= 256;
  EXPECT_NE(check_plan(b.graph, wrong, b.step, b.regions), "");
  wrong = right;
  wrong.scratch[3] = right.values[static_cast<std::size_t>(x.id)].offset;
  wrong.scratch_bytes[3] = 256;
  EXPECT_NE(check_plan(b.graph, wrong, b.step, b.regions), "");
  wrong = right;
  wrong.values.back().offset = b.regions.bytes;
  EXPECT_EQ(check_plan(b.graph, wrong, b.step, b.regions), "an output left its region");
}

}  // namespace
}  // namespace rocmforge::test
