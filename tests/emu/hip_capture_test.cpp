// Capture and graphs.
#include <thread>

#include "emu/hip_fixture.h"

namespace rocmforge::emutest {
namespace {

using gpu::DeviceMemory;
using gpu::PinnedMemory;

class HipCapture : public EmulatedCard {
 protected:
  // The raw code of ending a capture.
  static int end(const gpu::Stream& stream) {
    void* graph = nullptr;
    return hip("hipStreamEndCapture", static_cast<void*>(stream.get()), &graph);
  }
  static int begin(const gpu::Stream& stream, int mode = 1) {
    return hip("hipStreamBeginCapture", static_cast<void*>(stream.get()), mode);
  }
};

TEST_F(HipCapture, AGraphReplaysWhatWasRecorded) {
  gpu::Api& api = open();
  const DeviceMemory memory(api, 400);
  const PinnedMemory host(api, 400), source(api, 4);
  auto* words = host.as<std::uint32_t>();
  const gpu::Stream stream = gpu::make_stream(api);
  api.fill_zero(memory.address(), 400, stream.get());
  *source.as<std::uint32_t>() = 1000;
  kernel("add");  // a capture loads no modules
  gpu::GraphExec exec;
  {
    gpu::Capture capture(api, stream.get());
    HipArgs a = args(memory.address(), 100, 2);
    launch("add", a, stream.get());
    a.value = 10;
    launch("add", a, stream.get());
    a.value = 0;  // arguments were copied
    api.copy_to_device(memory.address(), source.as<void>(), 4, stream.get());
    api.copy_to_host(words, memory.address(), 400, stream.get());
    exec = gpu::instantiate(capture.end());
  }
  words[1] = 77;
  api.wait(stream.get());
  EXPECT_EQ(words[1], 77U) << "recording runs nothing";
  for (std::uint32_t round = 1; round <= 3; ++round) {
    *source.as<std::uint32_t>() = 1000 + round;
    api.launch(exec.get(), stream.get());
    api.wait(stream.get());
    EXPECT_EQ(words[0], 1000 + round) << "what is copied is read at each launch";
    for (std::uint32_t i = 1; i < 100; ++i) ASSERT_EQ(words[i], 12 * round);
  }
}

TEST_F(HipCapture, LaunchesOfAGraphFollowOneAnother) {
  for (const char* seed : {"0", "1", "2", "3"}) {
    gpu::Api& api = open({{"SEED", seed}});
    const DeviceMemory memory(api, 4);
    const PinnedMemory host(api, 4);
    const gpu::Stream stream = gpu::make_stream(api), other = gpu::make_stream(api);
    api.fill_zero(memory.address(), 4, stream.get());
    api.wait(stream.get());
    kernel("add");
    gpu::Capture capture(api, stream.get());
    launch("add", args(memory.address(), 1, 1), stream.get());
    const gpu::GraphExec exec = gpu::instantiate(capture.end());
    for (int i = 0; i < 4; ++i) api.launch(exec.get(), (i % 2 == 0 ? stream : other).get());
    api.copy_to_host(host.as<void>(), memory.address(), 4, other.get());
    api.wait(other.get());
    EXPECT_EQ(*host.as<std::uint32_t>(), 4U);
  }
}

TEST_F(HipCapture, AStreamJoinsThroughAnEvent) {
  gpu::Api& api = open({{"SEED", "9"}});
  const DeviceMemory memory(api, 8);
  const gpu::Stream one = gpu::make_stream(api), two = gpu::make_stream(api);
  const gpu::Event fork = gpu::make_event(api), back = gpu::make_event(api);
  api.fill_zero(memory.address(), 8, one.get());
  api.wait(one.get());
  kernel("add");
  const auto record = [&](bool joins) {
    ASSERT_EQ(begin(one), 0);
    api.record(fork.get(), one.get());
    api.wait(two.get(), fork.get());
    launch("add", args(memory.address(), 1, 1), one.get());
    launch("add", args(memory.address() + 4, 1, 2), two.get());
    if (!joins) return;
    api.record(back.get(), two.get());
    api.wait(one.get(), back.get());
  };
  record(false);
  EXPECT_EQ(end(one), 904) << "unjoined";
  record(true);
  EXPECT_EQ(end(two), 903) << "begun in the other stream";
  gpu::Graph graph(api, api.end_capture(one.get()));
  const gpu::GraphExec exec = gpu::instantiate(graph);
  for (int i = 0; i < 3; ++i) api.launch(exec.get(), one.get());
  std::uint32_t words[2];
  api.copy_to_host(words, memory.address(), 8, one.get());
  EXPECT_EQ(words[0], 3U);
  EXPECT_EQ(words[1], 6U);
}

TEST_F(HipCapture, WhatMayWaitBreaksIt) {
  gpu::Api& api = open();
  const DeviceMemory memory(api, 4);
  const gpu::Stream stream = gpu::make_stream(api);
  const gpu::Event event = gpu::make_event(api);
  const auto handle = static_cast<void*>(stream.get());
  void* out = nullptr;
  std::uint32_t pageable = 0;
  EXPECT_EQ(end(stream), 401) << "never begun";

  ASSERT_EQ(begin(stream), 0);
  EXPECT_EQ(begin(stream), 401) << "begun twice";
  EXPECT_EQ(hip("hipMalloc", &out, std::size_t{4}), 900);
  EXPECT_EQ(end(stream), 901);

  ASSERT_EQ(begin(stream), 0);
  EXPECT_EQ(hip("hipStreamQuery", handle), 900);
  EXPECT_EQ(end(stream), 901);

  ASSERT_EQ(begin(stream), 0);
  EXPECT_EQ(hip("hipMemcpyAsync", reinterpret_cast<void*>(memory.address()),
                static_cast<const void*>(&pageable), std::size_t{4}, 1, handle),
            900);
  EXPECT_EQ(end(stream), 901);

  ASSERT_EQ(begin(stream), 0);
  api.record(event.get(), stream.get());
  EXPECT_EQ(hip("hipEventQuery", static_cast<void*>(event.get())), 907);
  EXPECT_EQ(end(stream), 901);

  // Another thread may allocate: the mode is thread-local. Nor may it end the capture.
  ASSERT_EQ(begin(stream), 0);
  std::thread([&] {
    void* other = nullptr;
    EXPECT_EQ(hip("hipMalloc", &other, std::size_t{4}), 0);
    EXPECT_EQ(end(stream), 908);
  }).join();
  EXPECT_EQ(end(stream), 0);

  ASSERT_EQ(begin(stream, 0), 0);
  std::thread([&] {
    void* other = nullptr;
    EXPECT_EQ(hip("hipMalloc", &other, std::size_t{4}), 900) << "the mode is global";
  }).join();
  EXPECT_EQ(end(stream), 901);
  EXPECT_EQ(begin(stream, 3), 1);
  EXPECT_EQ(hip("hipStreamBeginCapture", static_cast<void*>(nullptr), 0), 900);
}

}  // namespace
}  // namespace rocmforge::emutest
