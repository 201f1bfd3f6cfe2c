// A run allocates nothing: every case of the table, with the allocations of the program counted.
#include "support/allocations.h"

#include <gtest/gtest.h>

#include "backend/cpu/device.h"
#include "op/cases.h"
#include "op/harness.h"

namespace rocmforge {
namespace {

TEST(Allocation, NoneWhileAGraphRuns) {
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 2}, counters);
  for (const optest::Case& c : optest::cases()) {
    const optest::Problem problem = c.make();
    optest::Session session(problem, *device);
    const CounterValues made = counters.read();
    const std::uint64_t before = test::n_allocations();
    session.run();
    session.run();
    EXPECT_EQ(test::n_allocations() - before, 0U) << c.name;
    const CounterValues ran = counters.read() - made;
    EXPECT_EQ(ran.device_allocations + ran.graph_builds + ran.weight_binds, 0U) << c.name;
  }
  EXPECT_GT(test::n_allocations(), 0U);  // the hook is in place
}

}  // namespace
}  // namespace rocmforge
