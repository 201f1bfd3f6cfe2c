// The device that executes nothing: what it records, counts and refuses.
#include "backend/null/device.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "op/harness.h"
#include "op/maker.h"

namespace rocmforge {
namespace {

using optest::Maker;
using optest::Problem;

Problem small_problem() {
  Maker m("small", 3);
  m.bucket(8);
  const ir::Value x = m.data(32);
  return m.finish(m.g().add(x, m.g().matmul(m.weight(32, {{DType::kQ8_0, 32}}), x)));
}

TEST(NullDevice, RecordsEveryCall) {
  const Problem p = small_problem();
  Counters counters;
  null::Record record;
  const auto device = null::make_device(counters, record);
  optest::Session session(p, *device);
  record.calls.clear();
  session.run();
  const std::vector<std::string> want = {"run 0 rows 3", "wait"};
  EXPECT_EQ(record.calls, want);

  null::Record setup;
  const auto second = null::make_device(counters, setup);
  optest::Session again(p, *second);
  const std::string arena = std::to_string(again.plan().arena_bytes);
  const std::vector<std::string> made = {"bind_weights 2",
                                         "allocate " + arena,
                                         "bind_memory " + arena + " 0",
                                         "compile small 8 rows",
                                         "write " + arena + " bytes at 0",
                                         "wait"};
  EXPECT_EQ(setup.calls, made);
}

TEST(NullDevice, CountsAsTheCpuDoes) {
  const Problem p = small_problem();
  Counters counters;
  null::Record record;
  const auto device = null::make_device(counters, record);
  optest::Session session(p, *device);
  const CounterValues before = counters.read();
  EXPECT_EQ(before.weight_binds, 2U);
  EXPECT_EQ(before.graph_builds, 1U);
  EXPECT_EQ(before.device_allocations, 1U);
  session.run();
  session.run();
  CounterValues want;
  want.steps = 2;
  want.rows = 6;
  want.dispatches = 6;  // embed, matmul, add
  EXPECT_EQ(counters.read() - before, want);
}

TEST(NullDevice, ReadsZerosAndChecksRanges) {
  Counters counters;
  null::Record record;
  const auto device = null::make_device(counters, record);
  const auto buffer = device->allocate(8);
  const auto stream = device->make_stream();
  EXPECT_EQ(buffer->host(), nullptr);
  EXPECT_EQ(device->info().name, "null");
  std::vector<std::byte> bytes(4, std::byte{7});
  stream->read(*buffer, 4, bytes);
  EXPECT_EQ(bytes, std::vector<std::byte>(4));
  EXPECT_EQ(record.calls.back(), "read 4 bytes at 4");
  EXPECT_THROW(stream->read(*buffer, 5, bytes), Error);
  EXPECT_THROW(stream->write(*buffer, -1, bytes), Error);
}

}  // namespace
}  // namespace rocmforge
