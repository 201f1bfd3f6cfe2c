// Faults: each call of a whole script fails in turn, and kernels hang.
#include <chrono>
#include <cstdint>
#include <cstdio>

#include "gpu_driver/fixture.h"

namespace rocmforge::test {
namespace {

using gpu::Capture;
using gpu::DeviceMemory;
using gpu::PinnedMemory;
using gpu::Vendor;

class DriverFault : public testing::TestWithParam<Vendor> {
  FreshFakes fresh_;

 protected:
  FakeControl& control_ = control_of(GetParam());
};

// Allocate, copy, launch, capture, replay, free; the value that the device computed.
std::uint32_t script(Vendor vendor) {
  const auto api = open_fake(vendor);
  const gpu::Stream stream = gpu::make_stream(*api), copies = gpu::make_stream(*api);
  const gpu::Event ready = gpu::make_event(*api), done = gpu::make_event(*api);
  const gpu::Module module = gpu::load_module(*api, image("any"));
  const gpu::FunctionHandle add = api->function(module.get(), "add");
  api->allow_shared(add, 50000);

  const DeviceMemory memory(*api, 4), scratch(*api, 64);
  const PinnedMemory host(*api, 4);
  std::uint32_t& word = *host.as<std::uint32_t>();
  word = 1;
  api->copy_to_device(memory.address(), &word, 4, copies.get());
  api->record(ready.get(), copies.get());
  api->wait(stream.get(), ready.get());
  api->fill_zero(scratch.address(), 64, stream.get());

  const AddArgs args = {memory.address(), 1, 20};
  api->launch(add, {.shared_bytes = 50000}, bytes_of(args), stream.get());
  Capture capture(*api, stream.get());
  api->launch(add, {}, bytes_of(args), stream.get());
  api->copy_to_host(&word, memory.address(), 4, stream.get());
  const gpu::GraphExec exec = gpu::instantiate(capture.end());
  api->launch(exec.get(), stream.get());
  api->launch(exec.get(), stream.get());
  api->record(done.get(), stream.get());
  api->wait(done.get());
  api->milliseconds(ready.get(), done.get());
  api->wait(stream.get());
  return word;
}

TEST_P(DriverFault, TheScriptWorks) {
  EXPECT_EQ(script(GetParam()), 61U);
  EXPECT_EQ(control_.live.sum(), 0);
}

TEST_P(DriverFault, EveryCallFailingInTurnIsOneErrorAndNoLeak) {
  script(GetParam());
  const int before = control_.n_calls;
  script(GetParam());
  const int n_calls = control_.n_calls - before;
  ASSERT_GT(n_calls, 40);
  int n_errors = 0;
  for (const int status : {2, 719}) {
    for (int n = 1; n <= n_calls; ++n) {
      control_.fail_status = status;
      control_.fail_at = n;
      std::string said;
      ErrorCode code = ErrorCode::kInternal;
      try {
        EXPECT_EQ(script(GetParam()), 61U);
      } catch (const Error& e) {
        said = e.what();
        code = e.code();
        ++n_errors;
      }
      control_.fail_at = 0;
      const std::string call = control_.failed_call;
      // A release tells nobody; nor does what it asks before it frees.
      const bool quiet = control_.failed_a_release || call == "cuCtxGetCurrent";
      EXPECT_EQ(said.empty(), quiet) << "call " << n << ", " << call << ": " << said;
      if (!said.empty()) {
        EXPECT_NE(said.find(": " + call + ": "), std::string::npos) << call << ": " << said;
        EXPECT_EQ(code, status == 2 ? ErrorCode::kOutOfMemory : ErrorCode::kDevice) << said;
      }
      ASSERT_EQ(control_.live.sum(), 0) << "call " << n << ", " << call;
      ASSERT_EQ(control_.memory_used, 0);
    }
  }
  EXPECT_GT(n_errors, 40);
}

// Seconds that `act` took to throw.
template <class Act>
double seconds_to_throw(Act act, std::string& said) {
  const auto start = std::chrono::steady_clock::now();
  const Error e = error_of(act);
  EXPECT_EQ(e.code(), ErrorCode::kDevice);
  said = e.what();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_P(DriverFault, AKernelThatHangsEndsTheWaitAndThenEverything) {
  const auto api = open_fake(GetParam(), 0.25);
  {
    const gpu::Stream stream = gpu::make_stream(*api);
    const gpu::Event event = gpu::make_event(*api);
    const gpu::Module module = gpu::load_module(*api, image("any"));
    const DeviceMemory memory(*api, 4);
    const PinnedMemory host(*api, 4);
    api->launch(api->function(module.get(), "hang"), {}, {}, stream.get());
    api->record(event.get(), stream.get());
    EXPECT_FALSE(api->is_done(event.get()));

    std::string said;
    const double seconds = seconds_to_throw([&] { api->wait(stream.get()); }, said);
    EXPECT_GT(seconds, 0.24);
    EXPECT_LT(seconds, 5);
    EXPECT_NE(said.find("has not finished after 0.25 s: hung kernel?"), std::string::npos) << said;

    // From now on nothing waits again, not even to be freed.
    EXPECT_LT(seconds_to_throw([&] { api->wait(event.get()); }, said), 0.2);
    EXPECT_NE(said.find("given up"), std::string::npos) << said;
    EXPECT_THROW(api->is_done(event.get()), Error);
    EXPECT_THROW(api->allocate(4), Error);
    EXPECT_THROW(api->n_devices(), Error);
    EXPECT_THROW(api->launch(gpu::FunctionHandle{}, {}, {}, stream.get()), Error);
  }
  EXPECT_EQ(control_.n_freed_while_hung, 0);
  EXPECT_EQ(control_.live.allocations, 1);
  EXPECT_EQ(control_.live.streams, 1);
}

TEST_P(DriverFault, AnEventOfAHungStreamEndsTheWaitToo) {
  const auto api = open_fake(GetParam(), 0.05);
  const gpu::Stream stream = gpu::make_stream(*api);
  const gpu::Event event = gpu::make_event(*api);
  const gpu::Module module = gpu::load_module(*api, image("any"));
  api->launch(api->function(module.get(), "hang"), {}, {}, stream.get());
  api->record(event.get(), stream.get());
  std::string said;
  seconds_to_throw([&] { api->wait(event.get()); }, said);
  EXPECT_NE(said.find("has not finished after 0.05 s"), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(Fake, DriverFault, testing::Values(Vendor::kAmd, Vendor::kNvidia),
                         name_of);

}  // namespace
}  // namespace rocmforge::test
