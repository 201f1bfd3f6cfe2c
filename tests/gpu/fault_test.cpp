// Faults of a driver under the whole engine: each call of a load and a short generation fails in
// turn.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/fake_gpu.h"

namespace rocmforge::test {
namespace {

class GpuFault : public FakeGpu {};

TEST_P(GpuFault, WithoutOneItWorks) {
  const Outcome outcome = run();
  EXPECT_TRUE(outcome.found);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.completion.error, "");
  EXPECT_EQ(outcome.completion.tokens, std::vector<text::TokenId>(kTokens, 0));
  EXPECT_EQ(control_.live.sum(), 0);
  EXPECT_EQ(control_.memory_used, 0);
}

TEST_P(GpuFault, ALoadThatIsGivenUpLeavesNothing) {
  for (int most = 0; most < 2; ++most) {  // the model is so small that there are no more calls
    const gpu::Found found = find();
    Counters counters;
    const auto device = gpu::make_device(found.devices.at(0), counters);
    const FakeLive live = control_.live;
    int calls = 0;
    const Error error = error_of([&] {
      engine::Engine({.path = path_,
                      .n_ctx = 64,
                      .progress = [&](std::int64_t, std::int64_t) { return calls++ < most; }},
                     *device, counters);
    });
    EXPECT_EQ(error.code(), ErrorCode::kCancelled) << error.what();
    EXPECT_EQ(calls, most + 1);
    EXPECT_LE(control_.live.sum() - control_.live.modules, live.sum() - live.modules);
  }
}

TEST_P(GpuFault, EveryCallFailingInTurnIsAnsweredAndLeaksNothing) {
  run();
  const int before = control_.n_calls;
  run();
  const int n_calls = control_.n_calls - before;
  ASSERT_GT(n_calls, 100);
  int n_failed = 0, n_finished = 0;
  std::set<std::string> failed_calls;
  for (const int status : {2, 719}) {
    for (int n = 1; n <= n_calls; ++n) {
      control_.fail_status = status;
      control_.fail_at = n;
      const Outcome outcome = run();
      control_.fail_at = 0;
      failed_calls.insert(control_.failed_call);
      const std::string at = "call " + std::to_string(n) + ", " + control_.failed_call;
      if (outcome.failed()) {
        ++n_failed;
        EXPECT_TRUE(!outcome.found || !outcome.error.empty() || !outcome.completion.error.empty())
            << at << ": failed without a word";
      } else {
        ++n_finished;
        EXPECT_EQ(outcome.completion.tokens, std::vector<text::TokenId>(kTokens, 0)) << at;
      }
      ASSERT_EQ(control_.live.sum(), 0) << at;
      ASSERT_EQ(control_.memory_used, 0) << at;
    }
  }
  // Those that finish: releases, and recordings that gave way to plain launches.
  EXPECT_GT(n_failed, n_finished);
  const bool amd = GetParam() == gpu::Vendor::kAmd;
  for (const char* call :
       amd ? std::vector{"hipMalloc", "hipHostMalloc", "hipModuleLoadData", "hipModuleLaunchKernel",
                         "hipGraphLaunch", "hipMemcpyAsync", "hipStreamQuery"}
           : std::vector{"cuMemAlloc_v2", "cuMemHostAlloc", "cuModuleLoadDataEx", "cuLaunchKernel",
                         "cuGraphLaunch", "cuMemcpyHtoDAsync_v2", "cuStreamQuery"}) {
    EXPECT_TRUE(failed_calls.contains(call)) << call << " was never the one that failed";
  }
}

// Each call in turn is the last that works. Some of the first calls may fail unheard: what they ask
// is optional.
TEST_P(GpuFault, ADeviceThatIsLostAnswersAndLeaksNothing) {
  run();
  const int before = control_.n_calls;
  run();
  const int n_calls = control_.n_calls - before;
  control_.fails_for_good = true;
  for (int n = 1; n < n_calls; ++n) {
    control_.fail_at = n;
    const Outcome outcome = run();
    control_.fail_at = 0;
    const std::string at = "call " + std::to_string(n) + ", " + control_.failed_call;
    EXPECT_TRUE(outcome.failed() || control_.failed_a_release) << at;
    if (outcome.failed() && outcome.found) {
      EXPECT_NE((outcome.error + outcome.completion.error).find("the fake device failed"),
                std::string::npos)
          << at << ": " << outcome.error << outcome.completion.error;
    }
    ASSERT_EQ(control_.live.sum(), 0) << at;
  }
}

TEST_P(GpuFault, AHungKernelEndsTheRequestAndThenEveryOther) {
  timeout_seconds_ = 0.2;
  const gpu::Found found = find();
  Counters counters;
  ::setenv("ROCMFORGE_GPU_GRAPH", "0", 1);  // so that steps launch kernels
  const auto device = gpu::make_device(found.devices.at(0), counters);
  ::unsetenv("ROCMFORGE_GPU_GRAPH");
  engine::Engine engine({.path = path_, .n_ctx = 64, .max_rows = 4}, *device, counters);
  engine::Request request{.prompt = engine.tokenizer().encode("hi", {}),
                          .max_tokens = kTokens,
                          .sampling = {.temperature = 0},
                          .ignore_eos = true};
  control_.hang_at = 1;
  for (const char* words :
       {"has not finished after 0.2 s: hung kernel?", "given up after a kernel"}) {
    const auto start = std::chrono::steady_clock::now();
    const auto result = std::get<engine::Completion>(engine.generate(request, {}));
    EXPECT_EQ(result.reason, engine::FinishReason::kFailed);
    EXPECT_NE(result.error.find(words), std::string::npos) << result.error;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  }
  EXPECT_EQ(control_.n_freed_while_hung, 0);
}

TEST_P(GpuFault, AKernelThatHangsWhileLoadingIsAnError) {
  timeout_seconds_ = 0.2;
  control_.hang_at = 1;
  const Outcome outcome = run();
  EXPECT_NE(outcome.error.find("hung kernel?"), std::string::npos) << outcome.error;
  EXPECT_EQ(control_.n_freed_while_hung, 0);
}

TEST_P(GpuFault, WhatDoesNotFitIsRefusedBeforeAnythingIsAllocated) {
  for (const std::int64_t total : {1000, 100'000'000}) {
    control_.memory_total = total;
    const Outcome outcome = run();
    EXPECT_EQ(control_.live.sum(), 0);
    EXPECT_NE(outcome.error.find(" are free: weights "), std::string::npos) << outcome.error;
    EXPECT_NE(outcome.error.find("would fit: "), std::string::npos) << outcome.error;
  }
}

// Memory that others took, or that lies in pieces, after the driver told what is free.
TEST_P(GpuFault, AnAllocationThatFailsIsToldInNumbers) {
  constexpr std::int64_t kTold = std::int64_t{1} << 30;
  control_.memory_told = kTold;
  std::set<std::string> what;
  for (std::int64_t total = 1000; total < kTold; total += 1000 + total / 50) {
    control_.memory_total = total;
    const Outcome outcome = run();
    EXPECT_EQ(control_.live.sum(), 0);
    if (outcome.error.empty()) break;
    const std::size_t end = outcome.error.find(" does not fit on Fake GPU: ");
    ASSERT_NE(end, std::string::npos) << outcome.error;
    EXPECT_NE(outcome.error.find("of " + std::to_string(kTold) + " are free"), std::string::npos);
    what.insert(outcome.error.substr(0, outcome.error.find(" of ")));
  }
  EXPECT_EQ(run().error, "");
  EXPECT_GT(what.size(), 2U) << "one kind of memory alone was ever refused";
}

// What a step costs, by count: the same on a real card.
TEST_P(GpuFault, AStepKeepsToItsBudgetOfLaunchesAndMakesNothing) {
  for (const char* replay : {"0", "1"}) {
    ::setenv("ROCMFORGE_GPU_GRAPH", replay, 1);
    const gpu::Found found = find();
    Counters counters;
    const auto device = gpu::make_device(found.devices.at(0), counters);
    engine::Engine engine({.path = path_, .n_ctx = 64, .max_rows = 8}, *device, counters);
    const CounterValues loaded = counters.read();
    const FakeLive live = control_.live;
    const int calls = control_.n_calls;
    const engine::Request request{.prompt = engine.tokenizer().encode("hi", {}),
                                  .max_tokens = 20,
                                  .sampling = {.temperature = 0},
                                  .ignore_eos = true};
    ASSERT_LE(request.prompt.size(), 8U);
    const auto result = std::get<engine::Completion>(engine.generate(request, {}));
    EXPECT_EQ(result.tokens.size(), 20U) << result.error;
    const CounterValues delta = counters.read() - loaded;
    EXPECT_EQ(delta.steps, 20U);
    EXPECT_EQ(delta.dispatches, 20 * (5U + 1) + 20 * 3U) << "one layer, and the head";
    EXPECT_EQ(delta.graph_builds + delta.weight_binds + delta.device_allocations, 0U);
    EXPECT_EQ(control_.live.sum(), live.sum());
    // Bodies and heads of 1, 2, 4 and 8 rows, and the one that gives embeddings.
    EXPECT_EQ(control_.live.graph_execs, std::string_view(replay) == "1" ? 9 : 0);
    if (std::string_view(replay) == "1") {
      // Of body and head: the device, a copy or two, an event, one graph; a read; and waits, which
      // ask the fake once for each of these.
      EXPECT_LT(control_.n_calls - calls, 20 * 40);
    }
  }
  ::unsetenv("ROCMFORGE_GPU_GRAPH");
}

INSTANTIATE_TEST_SUITE_P(Fake, GpuFault, testing::Values(gpu::Vendor::kAmd, gpu::Vendor::kNvidia),
                         name_of);

}  // namespace
}  // namespace rocmforge::test
