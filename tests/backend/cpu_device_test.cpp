// The CPU as a device: its buffers, copies and what it says of itself.
#include "backend/cpu/device.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace rocmforge {
namespace {

class CpuDevice : public testing::Test {
 protected:
  Counters counters_;
  std::unique_ptr<backend::Device> device_ = cpu::make_device({.n_threads = 2}, counters_);
};

TEST_F(CpuDevice, SaysWhatItIs) {
  const backend::DeviceInfo info = device_->info();
  EXPECT_EQ(info.name, "cpu");
  EXPECT_NE(info.detail.find("2 threads"), std::string::npos) << info.detail;
  EXPECT_NE(info.detail.find(to_string(cpu::best_isa())), std::string::npos) << info.detail;
  EXPECT_GT(info.memory_total, 0);
  EXPECT_GT(info.memory_free, 0);
  EXPECT_LE(info.memory_free, info.memory_total);
}

TEST_F(CpuDevice, BuffersAreZeroAndCounted) {
  for (const std::int64_t bytes : {0, 1, 5000, 10 << 20}) {
    const auto buffer = device_->allocate(bytes);
    ASSERT_EQ(buffer->size(), bytes);
    ASSERT_NE(buffer->host(), nullptr);
    EXPECT_TRUE(std::all_of(buffer->host(), buffer->host() + bytes,
                            [](std::byte b) { return b == std::byte{0}; }));
  }
  EXPECT_EQ(counters_.read().device_allocations, 4U);
}

TEST_F(CpuDevice, RefusesMoreThanTheMachineHas) {
  const std::int64_t bytes = std::int64_t{1} << 60;
  try {
    static_cast<void>(device_->allocate(bytes));
    FAIL() << "an exabyte was given";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
    EXPECT_NE(std::string(e.what()).find(std::to_string(bytes)), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("available"), std::string::npos) << e.what();
  }
  EXPECT_EQ(counters_.read().device_allocations, 0U);
}

TEST_F(CpuDevice, CopiesInOrderWithinBounds) {
  const auto buffer = device_->allocate(16);
  const auto stream = device_->make_stream();
  const std::vector<std::byte> from = {std::byte{1}, std::byte{2}, std::byte{3}};
  stream->write(*buffer, 13, from);
  std::vector<std::byte> to(4);
  stream->read(*buffer, 12, to);
  stream->wait();
  EXPECT_EQ(to, (std::vector<std::byte>{std::byte{0}, std::byte{1}, std::byte{2}, std::byte{3}}));
  EXPECT_THROW(stream->write(*buffer, 14, from), Error);
  EXPECT_THROW(stream->read(*buffer, -1, to), Error);
  EXPECT_THROW(stream->read(*buffer, 17, {}), Error);
  EXPECT_NO_THROW(stream->read(*buffer, 16, {}));
}

}  // namespace
}  // namespace rocmforge
