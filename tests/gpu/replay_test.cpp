// A graph whose replay gives another result than its launches: none is replayed then, and the log
// says so.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/log.h"
#include "gpu/fake_gpu.h"

namespace rocmforge::test {
namespace {

class Replays : public FakeGpu {
 protected:
  // Bodies of 1, 2 and 4 rows, then as many heads; and the one that gives embeddings, which has no
  // matmul for the fake to spoil.
  static constexpr int kSpoiled = 6, kGraphs = kSpoiled + 1;

  void SetUp() override {
    FakeGpu::SetUp();
    ::setenv("ROCMFORGE_GPU_GRAPH", "1", 1);
    set_log_sink([this](LogLevel level, std::string_view text) {
      if (text.find("GPU steps") != std::string_view::npos) said_.emplace_back(level, text);
    });
  }
  void TearDown() override {
    set_log_sink({});
    ::unsetenv("ROCMFORGE_GPU_GRAPH");
  }

  // Loads the model and answers a request. Returns how many graphs are left to be replayed.
  int load_and_answer() {
    said_.clear();
    const gpu::Found found = find();
    Counters counters;
    const auto device = gpu::make_device(found.devices.at(0), counters);
    engine::Engine engine({.path = path_, .n_ctx = 64, .max_rows = 4}, *device, counters);
    control_.n_launches = 0;
    const auto result =
        std::get<engine::Completion>(engine.generate({.prompt = engine.tokenizer().encode("hi", {}),
                                                      .max_tokens = kTokens,
                                                      .sampling = {.temperature = 0},
                                                      .ignore_eos = true},
                                                     {}));
    EXPECT_EQ(result.tokens, std::vector<text::TokenId>(kTokens, 0)) << result.error;
    return control_.live.graph_execs;
  }

  std::vector<std::pair<LogLevel, std::string>> said_;
};

TEST_P(Replays, ThatAgreeAreKept) {
  EXPECT_EQ(load_and_answer(), kGraphs);
  EXPECT_EQ(control_.n_launches, 0);
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].first, LogLevel::kInfo);
  EXPECT_EQ(said_[0].second, "GPU steps of up to 64 rows are replayed as a graph");
}

TEST_P(Replays, OneThatDiffersEndsThemAll) {
  const char* names[kSpoiled] = {"a step of up to 1 row",    "a step of up to 2 rows",
                                 "a step of up to 4 rows",   "the head of up to 1 row",
                                 "the head of up to 2 rows", "the head of up to 4 rows"};
  for (int i = 0; i < kSpoiled; ++i) {
    control_.spoil_at = i + 1;
    EXPECT_EQ(load_and_answer(), 0) << names[i];
    EXPECT_EQ(control_.spoil_at, 0);
    EXPECT_GT(control_.n_launches, 0);
    ASSERT_EQ(said_.size(), 1U);
    EXPECT_EQ(said_[0].first, LogLevel::kWarn);
    EXPECT_EQ(said_[0].second, "GPU steps are launched kernel by kernel: " + std::string(names[i]) +
                                   ", replayed as a graph, gave another result");
  }
}

// As without the variable: whichever way is faster, one that is wrong is not taken.
TEST_P(Replays, MeasuredOnesAreCheckedToo) {
  ::unsetenv("ROCMFORGE_GPU_GRAPH");
  for (int i = 0; i < kSpoiled; ++i) {
    control_.spoil_at = i + 1;
    EXPECT_EQ(load_and_answer(), 0);
    control_.spoil_at = 0;
    EXPECT_GT(control_.n_launches, 0);
    ASSERT_EQ(said_.size(), 1U);
    EXPECT_TRUE(said_[0].second.starts_with("GPU steps are launched kernel by kernel"))
        << said_[0].second;
    EXPECT_NE(said_[0].second.find(" launched)"), std::string::npos) << said_[0].second;
  }
}

INSTANTIATE_TEST_SUITE_P(Fake, Replays, testing::Values(gpu::Vendor::kAmd, gpu::Vendor::kNvidia),
                         name_of);

}  // namespace
}  // namespace rocmforge::test
