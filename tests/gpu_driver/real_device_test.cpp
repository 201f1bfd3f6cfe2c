// The driver's interface on a card that is really there; skipped where none is. AMD's code objects
// are compiled by the build, so that only kernels of the program itself run there.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/gpu/driver/find.h"
#include "backend/gpu/driver/handles.h"
#include "base/error.h"

namespace rocmforge::test {
namespace {

using gpu::DeviceMemory;
using gpu::PinnedMemory;

struct Args {
  std::uint64_t data;
  std::uint32_t n, value;
};

// Each kernel takes Args. add: data[i] += value for i < n. last_words: the workgroup passes value +
// i through the last 32-bit words of n words of dynamic shared memory into data[i]. spin: runs for
// `value` milliseconds.
constexpr std::string_view kPtx = R"(.version 7.0
.target sm_80
.address_size 64
.extern .shared .align 4 .b8 room[];
.visible .entry add(.param .align 8 .b8 args[16]) {
  .reg .pred %p;
  .reg .b32 %i, %n, %value, %old, %new, %block, %size;
  .reg .b64 %data, %offset;
  mov.u32 %block, %ctaid.x;
  mov.u32 %size, %ntid.x;
  mov.u32 %i, %tid.x;
  mad.lo.s32 %i, %block, %size, %i;
  ld.param.u32 %n, [args+8];
  setp.ge.u32 %p, %i, %n;
  @%p bra done;
  ld.param.u32 %value, [args+12];
  ld.param.u64 %data, [args];
  mul.wide.u32 %offset, %i, 4;
  add.s64 %data, %data, %offset;
  ld.u32 %old, [%data];
  add.s32 %new, %old, %value;
  st.u32 [%data], %new;
done:
  ret;
}
.visible .entry last_words(.param .align 8 .b8 args[16]) {
  .reg .b32 %i, %n, %value, %word, %base, %back;
  .reg .b64 %data, %offset;
  mov.u32 %i, %tid.x;
  ld.param.u32 %n, [args+8];
  ld.param.u32 %value, [args+12];
  add.s32 %value, %value, %i;
  sub.s32 %word, %n, %i;
  shl.b32 %word, %word, 2;
  mov.u32 %base, room;
  add.s32 %word, %word, %base;
  st.shared.u32 [%word+-4], %value;
  bar.sync 0;
  ld.shared.u32 %back, [%word+-4];
  ld.param.u64 %data, [args];
  mul.wide.u32 %offset, %i, 4;
  add.s64 %data, %data, %offset;
  st.u32 [%data], %back;
  ret;
}
.visible .entry spin(.param .align 8 .b8 args[16]) {
  .reg .pred %p;
  .reg .b32 %value;
  .reg .b64 %start, %now, %gone, %limit;
  ld.param.u32 %value, [args+12];
  mul.wide.u32 %limit, %value, 1000000;
  mov.u64 %start, %globaltimer;
again:
  mov.u64 %now, %globaltimer;
  sub.s64 %gone, %now, %start;
  setp.lt.u64 %p, %gone, %limit;
  @%p bra again;
  ret;
}
)";

std::span<const std::byte> image(std::string_view text) {  // a literal's, with its final NUL
  return std::as_bytes(std::span(text.data(), text.size() + 1));
}

class RealDevice : public testing::Test {
 protected:
  void SetUp() override { open(gpu::kDefaultTimeoutSeconds); }
  void open(double timeout_seconds) {
    gpu::SearchOptions options = gpu::default_search();
    options.hip = {};
    options.timeout_seconds = timeout_seconds;
    gpu::Found found = gpu::find_devices(options);
    if (found.devices.empty()) GTEST_SKIP() << "no NVIDIA GPU: " << found.passed_over.back().why;
    properties_ = found.devices.front().properties;
    api_ = found.devices.front().api;
    api_->set_device(properties_.ordinal);
    stream_ = gpu::make_stream(*api_);
    module_ = gpu::load_module(*api_, image(kPtx));
  }
  void launch(const char* kernel, const Args& args, const gpu::LaunchShape& shape) {
    api_->launch(api_->function(module_.get(), kernel), shape, std::as_bytes(std::span(&args, 1)),
                 stream_.get());
  }

  gpu::DeviceProperties properties_;
  std::shared_ptr<gpu::Api> api_;
  gpu::Stream stream_;
  gpu::Module module_;
};

constexpr std::uint32_t kN = 1 << 20;
constexpr gpu::LaunchShape kAddShape = {.grid = {kN / 256, 1, 1}, .block = {256, 1, 1}};

TEST_F(RealDevice, TellsWhatItIs) {
  const gpu::DeviceProperties& p = properties_;
  std::printf(
      "%s, %s, %s, wave %d, %d units, shared %lld, l2 %lld, %d MHz, memory %d MHz x %d bits\n",
      p.name.c_str(), p.target.c_str(), api_->version().c_str(), p.wave, p.n_units,
      static_cast<long long>(p.shared_bytes), static_cast<long long>(p.l2_bytes), p.clock_mhz,
      p.memory_clock_mhz, p.bus_bits);
  EXPECT_FALSE(p.name.empty());
  EXPECT_TRUE(p.target.starts_with("sm_"));
  EXPECT_EQ(p.wave, 32);
  EXPECT_GT(p.n_units, 0);
  EXPECT_GE(p.shared_bytes, 48 << 10);
  EXPECT_GT(p.memory_free, 0);
  EXPECT_GE(p.memory_total, p.memory_free);
}

TEST_F(RealDevice, RunsAKernelPlainlyAndAsAGraph) {
  const DeviceMemory memory(*api_, kN * 4);
  const PinnedMemory host(*api_, kN * 4);
  auto* words = host.as<std::uint32_t>();
  std::iota(words, words + kN, 0U);
  api_->copy_to_device(memory.address(), words, kN * 4, stream_.get());
  launch("add", {memory.address(), kN, 5}, kAddShape);
  api_->fill_zero(memory.address(), 8, stream_.get());
  api_->copy_to_host(words, memory.address(), kN * 4, stream_.get());
  api_->wait(stream_.get());
  EXPECT_EQ(words[1], 0U);
  for (std::uint32_t i = 2; i < kN; ++i) ASSERT_EQ(words[i], i + 5);

  gpu::Capture capture(*api_, stream_.get());
  launch("add", {memory.address(), kN, 2}, kAddShape);
  launch("add", {memory.address(), kN, 10}, kAddShape);
  api_->copy_to_host(words, memory.address(), kN * 4, stream_.get());
  const gpu::GraphExec exec = gpu::instantiate(capture.end());
  for (std::uint32_t round = 1; round <= 3; ++round) {
    api_->launch(exec.get(), stream_.get());
    api_->wait(stream_.get());
    EXPECT_EQ(words[0], 12 * round);
    for (std::uint32_t i = 2; i < kN; ++i) ASSERT_EQ(words[i], i + 5 + 12 * round);
  }
}

TEST_F(RealDevice, EventsOrderStreamsAndTellTheTime) {
  const gpu::Stream other = gpu::make_stream(*api_);
  const gpu::Event begin = gpu::make_event(*api_), end = gpu::make_event(*api_);
  const DeviceMemory memory(*api_, 4);
  std::uint32_t word = 9;
  api_->fill_zero(memory.address(), 4, stream_.get());
  api_->record(begin.get(), stream_.get());
  launch("spin", {0, 0, 50}, {});
  launch("add", {memory.address(), 1, 3}, {});
  api_->record(end.get(), stream_.get());
  EXPECT_FALSE(api_->is_done(end.get()));
  api_->wait(other.get(), end.get());
  api_->copy_to_host(&word, memory.address(), 4, other.get());
  api_->wait(other.get());
  EXPECT_EQ(word, 3U);
  EXPECT_GT(api_->milliseconds(begin.get(), end.get()), 49);
  EXPECT_LT(api_->milliseconds(begin.get(), end.get()), 500);
}

TEST_F(RealDevice, GivesAWorkgroupAllItsSharedMemory) {
  const auto bytes = static_cast<std::uint32_t>(properties_.shared_bytes);
  const DeviceMemory memory(*api_, 64 * 4);
  const gpu::LaunchShape shape = {.block = {64, 1, 1}, .shared_bytes = bytes};
  const Args args = {memory.address(), bytes / 4, 1000};
  EXPECT_THROW(launch("last_words", args, shape), Error);
  api_->allow_shared(api_->function(module_.get(), "last_words"), bytes);
  launch("last_words", args, shape);
  std::vector<std::uint32_t> words(64);
  api_->copy_to_host(words.data(), memory.address(), 64 * 4, stream_.get());
  api_->wait(stream_.get());
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(words[i], 1000 + i);
}

// The error of `act`, in words.
template <class Act>
std::string said(ErrorCode code, Act act) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    std::printf("%s\n", e.what());
    return e.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST_F(RealDevice, SaysWhatIsWrong) {
  const std::string broken = said(ErrorCode::kDevice, [&] {
    gpu::load_module(*api_, image(".version 7.0\n.target sm_80\n.address_size 64\nnonsense\n"));
  });
  EXPECT_NE(broken.find("ptxas"), std::string::npos);
  said(ErrorCode::kDevice, [&] { api_->function(module_.get(), "subtract"); });
  said(ErrorCode::kOutOfMemory, [&] { DeviceMemory(*api_, properties_.memory_total + 1); });
  said(ErrorCode::kDevice, [&] { launch("add", {0, 0, 0}, {.block = {4096, 1, 1}}); });
  const DeviceMemory still_works(*api_, 4);
}

TEST_F(RealDevice, AWaitEndsSoonAfterTheWork) {
  std::vector<double> empty, late;
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 20; ++i) {
    for (const std::uint32_t ms : {0U, 10U}) {
      const auto start = Clock::now();
      launch("spin", {0, 0, ms}, {});
      api_->wait(stream_.get());
      const double us = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
      (ms == 0 ? empty : late).push_back(us - ms * 1000.0);
    }
  }
  std::sort(empty.begin(), empty.end());
  std::sort(late.begin(), late.end());
  std::printf("launch and wait: empty kernel %.1f us, 10 ms kernel %.1f us late (medians)\n",
              empty[10], late[10]);
  EXPECT_LT(empty[10], 500);
  EXPECT_LT(late[10], 1000);
}

TEST_F(RealDevice, AKernelThatRunsTooLongEndsTheWait) {
  stream_ = {};
  module_ = {};
  open(0.5);
  const auto start = std::chrono::steady_clock::now();
  {
    const DeviceMemory memory(*api_, 1 << 20);
    launch("spin", {0, 0, 4000}, {});
    said(ErrorCode::kDevice, [&] { api_->wait(stream_.get()); });
    said(ErrorCode::kDevice, [&] { api_->allocate(4); });
  }
  stream_ = {};
  module_ = {};
  api_.reset();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(seconds.count(), 2);
}

}  // namespace
}  // namespace rocmforge::test
