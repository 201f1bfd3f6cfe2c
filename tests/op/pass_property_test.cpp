// Random graphs mean the same with and without each pass, and in any memory plan: outputs, taps and
// the KV state. Where a pass changes no order of arithmetic, to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backend/cpu/device.h"
#include "ir/passes/passes.h"
#include "op/harness.h"
#include "op/maker.h"
#include "op/random_problem.h"
#include "support/check_plan.h"
#include "support/property.h"

namespace rocmforge::optest {
namespace {

Result run_scalar(const Problem& problem, const ir::Graph& graph,
                  const Planner& planner = ir::plan_memory) {
  Problem changed = problem;
  changed.graph = graph;
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::Isa::kScalar}, counters);
  Session session(changed, *device, planner);
  session.run();
  return session.result();
}

// The greatest difference, as a share of the root mean square of what is wanted; infinite where
// one is no number.
double worst(const std::vector<float>& got, const std::vector<float>& want) {
  if (got.size() != want.size()) return INFINITY;
  double squares = 1e-12;
  double difference = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    squares += static_cast<double>(want[i]) * want[i];
    const double d = std::abs(static_cast<double>(got[i]) - want[i]);
    if (!std::isfinite(d)) return INFINITY;
    difference = std::max(difference, d);
  }
  return difference /
         std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, want.size())));
}

double worst(const Result& got, const Result& want) {
  if (got.taps.size() != want.taps.size()) return INFINITY;
  double most = worst(got.kv, want.kv);
  for (const auto& [name, values] : want.taps) {
    const auto found = got.taps.find(name);
    if (found == got.taps.end()) return INFINITY;
    most = std::max(most, worst(found->second, values));
  }
  return most;
}

using Numbers = std::vector<std::uint32_t>;

RC_GTEST_PROP(PassProperty, FusedGraphsMeanTheSame, (const Numbers& numbers)) {
  test::Choices choices(numbers);
  const Problem p = random_problem(choices);
  RC_ASSERT(run_scalar(p, ir::fuse(p.graph)) == run_scalar(p, p.graph));
}

// Softmax is summed in another order, and F16 states may round the other way.
RC_GTEST_PROP(PassProperty, ExpandedAttentionMeansTheSame, (const Numbers& numbers)) {
  test::Choices choices(numbers);
  const Problem p = random_problem(choices, {.quantized = false});
  const std::int64_t context = std::int64_t{p.limits.max_blocks} * ir::kBlockTokens;
  const Result want = run_scalar(p, p.graph);
  RC_ASSERT(worst(run_scalar(p, ir::expand_attention(p.graph, context)), want) < 1e-3);
  const ir::Graph both = ir::expand_attention(ir::fuse(p.graph), context);
  RC_ASSERT(worst(run_scalar(p, both), want) < 1e-3);
}

RC_GTEST_PROP(PassProperty, GraphsWithoutDeadNodesMeanTheSame, (const Numbers& numbers)) {
  test::Choices choices(numbers);
  const Problem p = random_problem(choices);
  RC_ASSERT(run_scalar(p, ir::remove_dead(p.graph)) == run_scalar(p, p.graph));
}

RC_GTEST_PROP(PassProperty, SharedMemoryMeansTheSame, (const Numbers& numbers)) {
  test::Choices choices(numbers);
  const Problem p = random_problem(choices);
  for (const ir::Graph& graph : {p.graph, ir::fuse(p.graph)}) {
    RC_ASSERT(run_scalar(p, graph) == run_scalar(p, graph, test::unshared_plan));
  }
}

// Something is compared: numbers throughout, states that change, and outputs.
TEST(PassProperty, RunsGiveNumbersAndNewStates) {
  Random random(5);
  int n_changed = 0;
  for (int i = 0; i < 100; ++i) {
    Numbers numbers(200);
    for (std::uint32_t& n : numbers) n = static_cast<std::uint32_t>(random.bits());
    test::Choices choices(numbers);
    const Problem p = random_problem(choices);
    const Result result = run_scalar(p, p.graph);
    ASSERT_FALSE(result.taps.empty());
    EXPECT_TRUE(result.taps.contains("output hidden") || result.taps.contains("output logits"));
    for (const auto& [name, values] : result.taps) {
      EXPECT_FALSE(values.empty());
      for (const float x : values) ASSERT_TRUE(std::isfinite(x)) << name << " of graph " << i;
    }
    if (!p.kv.empty() && worst(result.kv, p.kv) > 0.1) ++n_changed;
  }
  EXPECT_GT(n_changed, 10);
}

}  // namespace
}  // namespace rocmforge::optest
