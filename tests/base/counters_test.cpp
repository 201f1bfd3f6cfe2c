#include "base/counters.h"

#include <gtest/gtest.h>

namespace rocmforge {
namespace {

TEST(Counters, SnapshotsSubtractFieldByField) {
  Counters counters;
  ++counters.file_parses;
  const CounterValues before = counters.read();
  counters.dispatches += 3;
  ++counters.logit_readbacks;
  const CounterValues delta = counters.read() - before;
  EXPECT_EQ(delta, (CounterValues{.dispatches = 3, .logit_readbacks = 1}));
}

TEST(Counters, TextNamesEveryField) {
  EXPECT_EQ(to_string(CounterValues{.file_parses = 1, .rows = 7}),
            "file_parses 1, graph_builds 0, weight_binds 0, device_allocations 0, steps 0, "
            "head_runs 0, rows 7, dispatches 0, logit_readbacks 0");
}

}  // namespace
}  // namespace rocmforge
