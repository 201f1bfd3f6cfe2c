// Every call of the interface over both fake libraries: data makes the round trip, order holds.
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

#include "gpu_driver/fixture.h"

namespace rocmforge::test {
namespace {

using gpu::Capture;
using gpu::DeviceMemory;
using gpu::PinnedMemory;
using gpu::Vendor;

constexpr std::int64_t kWords = 64, kBytes = kWords * 4;

class DriverApi : public testing::TestWithParam<Vendor> {
  FreshFakes fresh_;

 protected:
  DriverApi() : api_(open_fake(GetParam())), control_(control_of(GetParam())) {}
  ~DriverApi() override {
    stream_ = {};
    module_ = {};
    api_.reset();
    EXPECT_EQ(control_.live.sum(), 0);
  }

  void use_module() {
    stream_ = gpu::make_stream(*api_);
    module_ = gpu::load_module(*api_, image("any"));
    add_ = api_->function(module_.get(), "add");
  }
  void add(const DeviceMemory& memory, std::uint32_t value) {
    const AddArgs args = {memory.address(), kWords, value};
    api_->launch(add_, {.grid = {1, 1, 1}, .block = {64, 1, 1}}, bytes_of(args), stream_.get());
  }
  std::vector<std::uint32_t> read(const DeviceMemory& memory) {
    std::vector<std::uint32_t> out(kWords);
    api_->copy_to_host(out.data(), memory.address(), kBytes, stream_.get());
    api_->wait(stream_.get());
    return out;
  }

  std::unique_ptr<gpu::Api> api_;
  FakeControl& control_;
  gpu::Stream stream_;
  gpu::Module module_;
  gpu::FunctionHandle add_ = nullptr;
};

TEST_P(DriverApi, TellsADevicesProperties) {
  const bool amd = GetParam() == Vendor::kAmd;
  control_.memory_used = 1 << 20;
  EXPECT_EQ(api_->vendor(), GetParam());
  EXPECT_EQ(api_->n_devices(), 1);
  EXPECT_EQ(api_->version(), amd ? "HIP 6.2.4" : "CUDA 12.4");
  EXPECT_TRUE(api_->library().ends_with(amd ? "/libfake_hip.so" : "/libfake_cuda.so"));
  const gpu::DeviceProperties p = api_->properties(0);
  EXPECT_EQ(p.name, "Fake GPU");
  EXPECT_EQ(p.target, amd ? "gfx1100" : "sm_90");
  EXPECT_EQ(p.wave, 32);
  EXPECT_EQ(p.n_units, amd ? 42 : 132);
  EXPECT_EQ(p.shared_bytes, amd ? 65536 : 232448);
  EXPECT_EQ(p.l2_bytes, (amd ? 6 : 50) << 20);
  EXPECT_EQ(p.clock_mhz, amd ? 2400 : 1980);
  EXPECT_EQ(p.memory_clock_mhz, amd ? 1250 : 2619);
  EXPECT_EQ(p.bus_bits, amd ? 320 : 5120);
  EXPECT_EQ(p.memory_total, 1 << 30);
  EXPECT_EQ(p.memory_free, (1 << 30) - (1 << 20));
}

TEST_P(DriverApi, LookingAtADeviceLeavesTheThreadsOwn) {
  control_.n_devices = 2;
  api_->set_device(1);
  const int n_contexts = control_.live.contexts;
  api_->properties(0);
  EXPECT_EQ(control_.live.contexts, n_contexts);
  const DeviceMemory memory(*api_, kBytes);
}

TEST_P(DriverApi, NamesTheCallThatFailed) {
  const Error e = error_of([&] { api_->properties(7); });
  EXPECT_EQ(e.code(), ErrorCode::kDevice);
  const std::string words = e.what();
  EXPECT_EQ(words.find("[gpu] " + api_->library() + ": "), 0U) << words;
  EXPECT_NE(words.find("the fake device failed (FakeError, 101)"), std::string::npos) << words;
}

TEST_P(DriverApi, DataMakesTheRoundTrip) {
  use_module();
  const DeviceMemory memory(*api_, kBytes);
  const PinnedMemory from(*api_, kBytes), to(*api_, kBytes);
  std::iota(from.as<std::uint32_t>(), from.as<std::uint32_t>() + kWords, 100U);
  api_->copy_to_device(memory.address(), from.bytes().data(), kBytes, stream_.get());
  add(memory, 5);
  api_->fill_zero(memory.address(), 8, stream_.get());
  api_->copy_to_host(to.bytes().data(), memory.address(), kBytes, stream_.get());
  api_->wait(stream_.get());
  EXPECT_EQ(to.as<std::uint32_t>()[0], 0U);
  EXPECT_EQ(to.as<std::uint32_t>()[1], 0U);
  for (std::uint32_t i = 2; i < kWords; ++i) EXPECT_EQ(to.as<std::uint32_t>()[i], 105 + i);
}

TEST_P(DriverApi, CopiesOfNothingDoNothing) {
  use_module();
  api_->copy_to_device(0, nullptr, 0, stream_.get());
  api_->copy_to_host(nullptr, 0, 0, stream_.get());
  api_->fill_zero(0, 0, stream_.get());
  EXPECT_THROW(api_->allocate(0), Error);
}

TEST_P(DriverApi, OutOfMemoryIsSaidSo) {
  std::int64_t free = 0, total = 0;
  api_->memory_info(free, total);
  EXPECT_EQ(free, total);
  const Error e = error_of([&] { DeviceMemory(*api_, total + 1); });
  EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
  EXPECT_NE(std::string(e.what()).find("out of memory"), std::string::npos) << e.what();
}

TEST_P(DriverApi, EventsOrderStreamsAndTellTheTime) {
  use_module();
  const gpu::Stream other = gpu::make_stream(*api_);
  const gpu::Event begin = gpu::make_event(*api_), end = gpu::make_event(*api_);
  const DeviceMemory memory(*api_, kBytes);
  api_->fill_zero(memory.address(), kBytes, stream_.get());
  add(memory, 3);
  api_->record(begin.get(), stream_.get());
  EXPECT_FALSE(api_->is_done(begin.get()));

  std::uint32_t word = 0;
  api_->wait(other.get(), begin.get());
  api_->copy_to_host(&word, memory.address(), 4, other.get());
  api_->record(end.get(), other.get());
  api_->wait(end.get());
  EXPECT_EQ(word, 3U);
  EXPECT_TRUE(api_->is_done(begin.get()));
  EXPECT_GT(api_->milliseconds(begin.get(), end.get()), 0);
}

TEST_P(DriverApi, ModulesAndKernelsThatAreNotThere) {
  use_module();
  Error e = error_of([&] { api_->function(module_.get(), "missing"); });
  EXPECT_NE(std::string(e.what()).find("kernel missing"), std::string::npos) << e.what();
  e = error_of([&] { gpu::load_module(*api_, image("broken")); });
  EXPECT_EQ(e.code(), ErrorCode::kDevice);
  if (GetParam() == Vendor::kNvidia) {
    EXPECT_TRUE(std::string(e.what()).ends_with(": ptxas: line 1 is broken")) << e.what();
    EXPECT_THROW(api_->load_module(image("no NUL").first(6)), Error);
  }
}

TEST_P(DriverApi, LaunchesThatCannotBe) {
  use_module();
  const DeviceMemory memory(*api_, kBytes);
  const AddArgs args = {memory.address(), kWords, 1};
  EXPECT_THROW(api_->launch(add_, {.block = {2048, 1, 1}}, bytes_of(args), stream_.get()), Error);
  EXPECT_THROW(api_->launch(add_, {.grid = {0, 1, 1}}, bytes_of(args), stream_.get()), Error);
  EXPECT_THROW(api_->launch(add_, {}, {}, stream_.get()), Error);
}

TEST_P(DriverApi, MuchSharedMemoryIsAskedForFirst) {
  use_module();
  const DeviceMemory memory(*api_, kBytes);
  const AddArgs args = {memory.address(), kWords, 1};
  const gpu::LaunchShape shape = {.shared_bytes = 60000};
  if (GetParam() == Vendor::kNvidia) {
    EXPECT_THROW(api_->launch(add_, shape, bytes_of(args), stream_.get()), Error);
    EXPECT_THROW(api_->allow_shared(add_, 1 << 20), Error);
  }
  api_->allow_shared(add_, 60000);
  api_->launch(add_, shape, bytes_of(args), stream_.get());
}

TEST_P(DriverApi, AGraphReplaysWhatWasRecordedInItsOrder) {
  use_module();
  const DeviceMemory memory(*api_, kBytes);
  api_->fill_zero(memory.address(), kBytes, stream_.get());
  EXPECT_EQ(read(memory)[9], 0U);

  std::uint32_t between = 77;
  Capture capture(*api_, stream_.get());
  add(memory, 2);
  api_->copy_to_host(&between, memory.address(), 4, stream_.get());
  add(memory, 10);
  const gpu::Graph graph = capture.end();
  const gpu::GraphExec exec = gpu::instantiate(graph);
  EXPECT_EQ(read(memory)[9], 0U);  // recorded, not run
  EXPECT_EQ(between, 77U);

  for (std::uint32_t i = 0; i < 3; ++i) {
    api_->launch(exec.get(), stream_.get());
    EXPECT_EQ(read(memory)[9], 12 * (i + 1));
    EXPECT_EQ(between, 12 * i + 2);
  }
}

TEST_P(DriverApi, ARecordingThatIsLeftFreesTheStream) {
  use_module();
  const DeviceMemory memory(*api_, kBytes);
  api_->fill_zero(memory.address(), kBytes, stream_.get());
  {
    const Capture capture(*api_, stream_.get());
    add(memory, 1);
    EXPECT_THROW(DeviceMemory(*api_, 4), Error);     // nothing is allocated meanwhile
    EXPECT_THROW(api_->wait(stream_.get()), Error);  // nor waited for
  }
  EXPECT_EQ(control_.live.graphs, 0);
  EXPECT_EQ(read(memory)[0], 0U);
}

TEST_P(DriverApi, OtherThreadsMayFree) {
  DeviceMemory memory(*api_, kBytes);
  PinnedMemory pinned(*api_, kBytes);
  std::thread([&] {
    memory = {};
    pinned = {};
  }).join();
  EXPECT_EQ(control_.live.allocations + control_.live.pinned, 0);
}

INSTANTIATE_TEST_SUITE_P(Fake, DriverApi, testing::Values(Vendor::kAmd, Vendor::kNvidia), name_of);

}  // namespace
}  // namespace rocmforge::test
