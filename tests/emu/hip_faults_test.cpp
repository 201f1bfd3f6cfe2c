// What goes wrong, and how it is told.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "emu/hip_fixture.h"

namespace rocmforge::emutest {
namespace {

using gpu::DeviceMemory;
using gpu::PinnedMemory;

class HipFaults : public EmulatedCard {};

TEST_F(HipFaults, AFaultsTextReachesTheErrorAndStays) {
  const std::string log = testing::TempDir() + "emu_hip_fault.log";
  std::filesystem::remove(log);
  {
    gpu::Api& api = open({{"LOG", log}});
    const DeviceMemory memory(api, 400);
    const gpu::Stream stream = gpu::make_stream(api);
    launch("wild", args(memory.address(), 100, 1), stream.get());
    const Error error = error_of([&] { api.wait(stream.get()); });
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    expect_words(error, "hipErrorIllegalAddress, 700");
    expect_words(error, "wild");
    expect_words(error_of([&] { DeviceMemory(api, 4); }), "wild");
  }
  std::stringstream logged;
  logged << std::ifstream(log).rdbuf();
  EXPECT_NE(logged.str().find("wild"), std::string::npos);
  std::filesystem::remove(log);
  open();  // a reset card works again
  const DeviceMemory other(*api_, 4);
}

TEST_F(HipFaults, AKernelThatDoesNotEndIsEnded) {
  gpu::Api& api = open({{"LIMIT", "100000"}});
  const DeviceMemory memory(api, 4);
  const gpu::Stream stream = gpu::make_stream(api);
  api.fill_zero(memory.address(), 4, stream.get());
  launch("forever", args(memory.address(), 1, 0), stream.get());
  const Error error = error_of([&] { api.wait(stream.get()); });
  expect_words(error, "hipErrorLaunchTimeOut, 702");
  expect_words(error, "forever");
}

TEST_F(HipFaults, CallsFailAsTheyAreTold) {
  gpu::Api& api = open({{"FAIL", "hipMalloc:2=2,hipStreamCreateWithFlags:*=719"}});
  const DeviceMemory first(api, 4);
  EXPECT_EQ(error_of([&] { DeviceMemory(api, 4); }).code(), ErrorCode::kOutOfMemory);
  const DeviceMemory third(api, 4);
  for (int i = 0; i < 2; ++i) {
    const Error error = error_of([&] { gpu::make_stream(api); });
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    expect_words(error, "hipErrorLaunchFailure, 719");
  }
}

TEST_F(HipFaults, ModulesAreRefusedByCode) {
  gpu::Api& api = open();
  void* out = nullptr;
  const std::vector<std::byte> other = object_file("gfx1201/hip_kernels.co");
  EXPECT_EQ(hip("hipModuleLoadData", &out, static_cast<const void*>(other.data())), 209);
  const std::vector<std::byte> zeros(4096);
  EXPECT_EQ(hip("hipModuleLoadData", &out, static_cast<const void*>(zeros.data())), 200);
  expect_words(error_of([&] { kernel("subtract"); }), "hipErrorNotFound, 500");
  const gpu::Stream stream = gpu::make_stream(api);
  const auto shape_error = [&](gpu::LaunchShape shape) {
    const HipArgs none{};
    return error_of([&] {
      api.launch(kernel("add"), shape, std::as_bytes(std::span(&none, 1)), stream.get());
    });
  };
  expect_words(shape_error({.block = {2048, 1, 1}}), "hipErrorInvalidConfiguration");
  expect_words(shape_error({.block = {kGroup * 2, 1, 1}}), "hipErrorInvalidConfiguration");
  expect_words(shape_error({.grid = {0, 1, 1}, .block = {kGroup, 1, 1}}),
               "hipErrorInvalidConfiguration");
  expect_words(shape_error({.block = {kGroup, 1, 1}, .shared_bytes = (64 << 10) + 4}),
               "hipErrorInvalidValue");
}

TEST_F(HipFaults, AModuleIsNotUnloadedUnderItsKernels) {
  gpu::Api& api = open();
  const DeviceMemory memory(api, 4);
  const gpu::Stream stream = gpu::make_stream(api);
  launch("add", args(memory.address(), 1, 1), stream.get());
  EXPECT_EQ(hip("hipModuleUnload", static_cast<void*>(module_.get())), 400);
  api.wait(stream.get());
  void* function = kernel("add");
  EXPECT_EQ(hip("hipModuleUnload", static_cast<void*>(module_.get())), 0);
  EXPECT_EQ(hip("hipModuleUnload", static_cast<void*>(module_.get())), 400);
  EXPECT_EQ(hip("hipModuleLaunchKernel", function, 1U, 1U, 1U, kGroup, 1U, 1U, 0U,
                static_cast<void*>(stream.get()), static_cast<void**>(nullptr),
                static_cast<void**>(nullptr)),
            400);
}

TEST_F(HipFaults, HandlesAndRangesAreChecked) {
  gpu::Api& api = open();
  const DeviceMemory memory(api, 16);
  const auto device = reinterpret_cast<void*>(memory.address());
  const gpu::Stream stream = gpu::make_stream(api);
  const auto on = static_cast<void*>(stream.get());
  const auto nobody = reinterpret_cast<void*>(0x1234);
  char host[64] = {};
  EXPECT_EQ(hip("hipStreamQuery", nobody), 400);
  EXPECT_EQ(hip("hipEventQuery", nobody), 400);
  EXPECT_EQ(hip("hipGraphLaunch", nobody, on), 400);
  EXPECT_EQ(hip("hipFree", static_cast<void*>(host)), 17);
  EXPECT_EQ(hip("hipFree", reinterpret_cast<void*>(memory.address() + 4)), 17);
  EXPECT_EQ(hip("hipHostFree", device), 1);
  const auto copy = [&](void* to, const void* from, std::size_t bytes, int kind) {
    return hip("hipMemcpyAsync", to, from, bytes, kind, on);
  };
  EXPECT_EQ(copy(device, host, 16, 1), 0);
  EXPECT_EQ(copy(device, host, 17, 1), 1);
  EXPECT_EQ(copy(host, device, 17, 2), 1);
  EXPECT_EQ(copy(host, host + 32, 4, 2), 1);
  EXPECT_EQ(copy(device, host, 4, 9), 21);
  EXPECT_EQ(hip("hipMemsetAsync", static_cast<void*>(host), 0, std::size_t{4}, on), 1);
  EXPECT_EQ(hip("hipSetDevice", 1), 101);
  void* gone = nullptr;
  ASSERT_EQ(hip("hipStreamCreateWithFlags", &gone, 1U), 0);
  EXPECT_EQ(hip("hipStreamDestroy", gone), 0);
  EXPECT_EQ(hip("hipStreamDestroy", gone), 400);
  EXPECT_EQ(hip("hipGetLastError"), 400);
  EXPECT_EQ(hip("hipGetLastError"), 0);
}

TEST_F(HipFaults, AnotherObjectTakesTheModulesPlace) {
  const std::filesystem::path folder = testing::TempDir() + "emu_hip_objects";
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(EMU_HIP_OBJECTS "/gfx1100/hip_kernels_twice.co", folder / "a.co",
                             std::filesystem::copy_options::overwrite_existing);
  gpu::Api& api = open({{"OBJECTS", folder.string()}});
  const DeviceMemory memory(api, 4);
  const gpu::Stream stream = gpu::make_stream(api);
  api.fill_zero(memory.address(), 4, stream.get());
  launch("add", args(memory.address(), 1, 5), stream.get());
  std::uint32_t word = 0;
  api.copy_to_host(&word, memory.address(), 4, stream.get());
  EXPECT_EQ(word, 10U);
  std::filesystem::remove_all(folder);
}

TEST_F(HipFaults, CountersAreWritten) {
  const std::string path = testing::TempDir() + "emu_hip_counters.json";
  {
    gpu::Api& api = open({{"COUNTERS", path}});
    const DeviceMemory memory(api, 4);
    const gpu::Stream stream = gpu::make_stream(api);
    launch("add", args(memory.address(), 1, 5), stream.get());
    api.wait(stream.get());
  }
  close();
  std::stringstream written;
  written << std::ifstream(path).rdbuf();
  EXPECT_NE(written.str().find("\"add\""), std::string::npos) << written.str();
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace rocmforge::emutest
