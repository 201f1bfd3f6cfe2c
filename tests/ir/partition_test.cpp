// A body cut at layer borders: what each segment holds, and that its memory plan is right.
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "ir/llama_graph.h"
#include "ir/passes/memory_plan.h"
#include "ir/passes/passes.h"
#include "support/check_plan.h"

namespace rocmforge::test {
namespace {

using ir::Graph;
using ir::Slot;
using ir::Value;

std::multiset<std::string> sources(const Graph& graph) {
  std::multiset<std::string> out;
  for (const ir::Node& node : graph.nodes) {
    if (const auto* input = std::get_if<ir::Input>(&node.op)) out.emplace(name(input->slot));
    if (const auto* kv = std::get_if<ir::KvState>(&node.op)) {
      out.insert("kv " + std::to_string(kv->layer));
    }
  }
  return out;
}

std::set<std::string> held(const ir::WeightTable& table) {
  std::set<std::string> out;
  for (std::int32_t i = 0; i < table.size(); ++i) {
    const ir::Weight& w = table.at(ir::WeightId{i});
    if (!w.segments.empty()) out.insert(w.name);
  }
  return out;
}

TEST(Partition, WithoutCutsTheBodyIsAsItWas) {
  const Graph body = SmallLlama{}.body();
  const auto segments = ir::partition(body, {});
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(print(segments[0].graph), print(body));
  EXPECT_EQ(segments[0].graph.weights, body.weights);
  EXPECT_EQ(segments[0].n_layers, 2);
}

TEST(Partition, EachSegmentHasItsOwnLayersStatesAndWeights) {
  const Graph body = SmallLlama{.n_layers = 5, .taps = true}.body();
  const std::vector<std::int32_t> cuts = {1, 3};
  const auto segments = ir::partition(body, cuts);
  ASSERT_EQ(segments.size(), 3u);
  const std::vector<std::pair<int, int>> layers = {{0, 1}, {1, 2}, {3, 2}};
  std::int64_t n_dispatches = 0;
  for (std::size_t s = 0; s < 3; ++s) {
    const auto [first, n] = layers[s];
    const Graph& g = segments[s].graph;
    EXPECT_EQ(segments[s].first_layer, first);
    EXPECT_EQ(segments[s].n_layers, n);
    std::multiset<std::string> want = {"rope_rows", s == 0 ? "tokens" : "incoming"};
    std::set<std::string> weights;
    if (s == 0) weights.insert("token_embd");
    std::set<std::string> taps, want_taps;
    for (int i = 0; i < n; ++i) {
      want.insert("kv " + std::to_string(i));
      const std::string b = "blk." + std::to_string(first + i);
      want_taps.insert(b);
      for (const char* w :
           {"attn_norm", "attn_qkv", "attn_output", "ffn_norm", "ffn_gate_up", "ffn_down"}) {
        weights.insert(b + "." + w);
      }
    }
    EXPECT_EQ(sources(g), want);
    EXPECT_EQ(held(*g.weights), weights);
    for (const ir::ValueInfo& v : g.values) {
      if (!v.tap.empty()) taps.insert(v.tap);
    }
    EXPECT_EQ(taps, want_taps);
    ASSERT_EQ(g.outputs.size(), 1u);
    EXPECT_EQ(g.outputs[0].slot, Slot::kHidden);
    n_dispatches += ir::n_dispatches(g);
  }
  EXPECT_EQ(n_dispatches, ir::n_dispatches(body));
}

TEST(Partition, SegmentsFuseAndPlanAsWholeBodiesDo) {
  const SmallLlama llama{.n_layers = 3};
  const Graph body = llama.body();
  const ir::StepLayout step(ir::StepLimits{.rope_dims = llama.rope.n_rot});
  for (const std::int32_t cut : {1, 2}) {
    const std::int32_t cuts[] = {cut};
    std::int64_t n_dispatches = 0;
    for (const ir::Segment& segment : ir::partition(body, cuts)) {
      const bool first = segment.first_layer == 0;
      const ir::Regions regions = ir::plan_regions(step.limits, llama.dim, 0, !first);
      EXPECT_EQ(regions.bytes, (first ? 1 : 2) * 512 * 64 * 4 + 64 * 4);
      const Graph fused = ir::fuse(segment.graph);
      n_dispatches += ir::n_dispatches(fused);
      for (const Graph& g : {segment.graph, fused, ir::expand_attention(fused, 64)}) {
        const Graph fixed = ir::specialise(g, 8);
        EXPECT_EQ(check_plan(fixed, ir::plan_memory(fixed, step, regions, {}), step, regions), "");
      }
    }
    EXPECT_EQ(n_dispatches, 5 * 3 + 1);
  }
}

TEST(Partition, RefusesCutsThatAreNone) {
  const Graph body = SmallLlama{.n_layers = 3}.body();
  const std::vector<std::vector<std::int32_t>> wrong = {{0}, {3}, {-1}, {2, 1}, {1, 1}};
  for (const auto& cuts : wrong) EXPECT_THROW(ir::partition(body, cuts), Error);
  EXPECT_THROW(SmallLlama{}.body().weights->at(ir::WeightId{99}), Error);
}

// A border that is none: something else of the first layer is read behind it.
TEST(Partition, RefusesAValueThatCrossesTheCut) {
  auto table = std::make_shared<ir::WeightTable>();
  ir::Builder g("g", table, {.max_rows = 8, .dim = 32});
  const Value x = g.embed(add_weight(*table, "e", 4, 32), g.input(Slot::kTokens));
  g.border(x);
  const Value y = g.scale(x, 2);
  g.border(y);
  g.output(g.add(g.scale(y, 2), x), Slot::kHidden);
  const Graph body = g.finish();
  const std::int32_t cuts[] = {1};
  try {
    ir::partition(body, cuts);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("crosses the cut"), std::string::npos) << e.what();
  }
}

TEST(Partition, BordersAreDenseRows) {
  auto table = std::make_shared<ir::WeightTable>();
  ir::Builder g("g", table, {.max_rows = 8, .dim = 32});
  const Value tokens = g.input(Slot::kTokens);
  EXPECT_THROW(g.border(tokens), Error);
  const Value x = g.embed(add_weight(*table, "e", 4, 32), tokens);
  EXPECT_THROW(g.border(g.columns(x, 0, 16)), Error);
  EXPECT_NO_THROW(g.border(x));
}

TEST(Partition, AnOpThatReadsAWeightOfAnotherSegmentIsRefused) {
  const Graph body = SmallLlama{}.body();
  const std::int32_t cuts[] = {1};
  Graph segment = ir::partition(body, cuts)[1].graph;
  EXPECT_NO_THROW(verify(segment));
  for (ir::Node& node : segment.nodes) {
    if (auto* matmul = std::get_if<ir::MatMul>(&node.op)) matmul->weight = ir::WeightId{0};
  }
  EXPECT_THROW(verify(segment), Error);
}

}  // namespace
}  // namespace rocmforge::test
