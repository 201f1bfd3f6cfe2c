// Every case on the CPU, in every instruction set that this machine has, against the reference in
// double precision; and the same to the bit with any number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "backend/cpu/device.h"
#include "op/cases.h"
#include "op/errors.h"
#include "op/harness.h"
#include "op/reference.h"

namespace rocmforge::optest {
namespace {

Result run_on_cpu(const Problem& problem, cpu::Isa isa, int n_threads) {
  Counters counters;
  return run(problem, *cpu::make_device({.n_threads = n_threads, .isa = isa}, counters));
}

class OpCase : public testing::TestWithParam<std::size_t> {};

TEST_P(OpCase, MatchesTheReference) {
  const Case& c = cases()[GetParam()];
  const Problem problem = c.make();
  const Reference want = evaluate(problem);
  const Result scalar = run_on_cpu(problem, cpu::Isa::kScalar, 1);
  for (const cpu::Isa isa : cpu::available_isas()) {
    SCOPED_TRACE(std::string(c.name) + " " + std::string(to_string(isa)));
    const Result got = run_on_cpu(problem, isa, 1);
    EXPECT_EQ(got.taps.size(), want.taps.size());
    for (const auto& [tap, tensor] : want.taps) {
      const auto cols = static_cast<std::size_t>(tensor.cols());
      const Allowed& allowed = want.allowed.at(tap);
      EXPECT_LE(worst_error(got.taps.at(tap), tensor.data, cols, c.size, allowed.int8), c.tolerance)
          << tap;
      EXPECT_LE(worst_error(got.taps.at(tap), scalar.taps.at(tap), cols, c.size,
                            c.isa_rounds ? allowed.isa : std::vector<double>()),
                c.isa_tolerance)
          << tap;
    }
    if (!got.kv.empty()) {
      const auto cols = static_cast<std::size_t>(problem.kv_layout.head_dim);
      const double bound = problem.kv_layout.dtype == DType::kF16 ? 1e-3 : 1e-5;
      EXPECT_LE(worst_error(got.kv, want.kv, cols), bound);
    }
    // Neither taps nor state depend on how the work was shared.
    EXPECT_TRUE(got == run_on_cpu(problem, isa, 3));
  }
}

std::string test_name(const testing::TestParamInfo<std::size_t>& param) {
  std::string name = cases()[param.param].name;
  for (char& ch : name) {
    if (std::isalnum(static_cast<unsigned char>(ch)) == 0) ch = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cpu, OpCase, testing::Range(std::size_t{0}, cases().size()), test_name);

TEST(CaseTable, NamesAreUnique) {
  std::set<std::string> names;
  for (const Case& c : cases()) EXPECT_TRUE(names.insert(c.name).second) << c.name;
}

// A new op wants a case: every alternative of the variant appears in some case's graph.
TEST(CaseTable, HasEveryOp) {
  std::set<std::size_t> seen;
  for (const Case& c : cases()) {
    for (const ir::Node& node : c.make().graph.nodes) seen.insert(node.op.index());
  }
  for (std::size_t i = 0; i < std::variant_size_v<ir::Op>; ++i) {
    EXPECT_TRUE(seen.contains(i)) << "no case of alternative " << i << " of ir::Op";
  }
}

}  // namespace
}  // namespace rocmforge::optest
