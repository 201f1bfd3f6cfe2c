// What `bench` runs: made-up weights, sequences together, depths.
#include "engine/bench.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "engine/fixture.h"
#include "engine/sequence.h"

namespace rocmforge::test {
namespace {

struct RandomEngine {
  explicit RandomEngine(engine::EngineOptions options)
      : device(cpu::make_device({.n_threads = 2, .isa = cpu::best_isa()}, counters)),
        engine(options, *device, counters) {}

  std::vector<float> logits(const std::vector<text::TokenId>& tokens) {
    engine::Sequence sequence(engine.runner());
    std::vector<float> out;
    EXPECT_TRUE(sequence.append(
        tokens, static_cast<std::int32_t>(tokens.size()) - 1,
        [&](std::int32_t, std::span<const float> row) { out.assign(row.begin(), row.end()); }));
    return out;
  }

  Counters counters;
  std::unique_ptr<backend::Device> device;
  engine::Engine engine;
};

const std::vector<text::TokenId> kTokens = {1, 2, 300, 4, 511, 0};

TEST(RandomWeights, GiveTheLogitsOfTheSavedFile) {
  for (const char* text :
       {"llama-tiny:F32", "llama-tiny:Q4_0", "llama-tiny:Q8_0,ffn_down=MXFP4", "glm4-tiny:Q5_0"}) {
    const model::RandomSpec spec = model::parse_random_spec(text);
    RandomEngine made({.random = spec});
    const std::vector<float> want = made.logits(kTokens);
    ASSERT_EQ(want.size(), 512u);
    double square = 0;
    for (const float x : want) {
      ASSERT_TRUE(std::isfinite(x));
      square += double{x} * x / 512;
    }
    EXPECT_GT(square, 0.1) << text;  // rows of deviation 1 / sqrt(cols) keep the size of things
    EXPECT_LT(square, 10) << text;

    TempDir dir;
    ThreadPool pool(2);
    Counters counters;
    save_random(model::RandomModel(spec, counters), dir.file("x.gguf"), pool);
    RandomEngine saved({.path = dir.file("x.gguf")});
    EXPECT_EQ(saved.logits(kTokens), want) << text;
    EXPECT_EQ(made.counters.read().file_parses, 1u);
  }
}

TEST(RandomWeights, HaveNoVocabulary) {
  RandomEngine made({.random = model::parse_random_spec("llama-tiny:Q4_0")});
  EXPECT_THROW(made.engine.tokenizer(), Error);
  engine::Request request;
  request.prompt = {1};
  EXPECT_THROW(made.engine.generate(request, {}), Error);
}

// Of another length each, so that their attention differs.
TEST(StepOfSeveral, IsWhatEachSequenceGivesAlone) {
  RandomEngine e(
      {.random = model::parse_random_spec("llama-tiny:Q8_0"), .n_ctx = 64, .max_sequences = 3});
  std::vector<engine::Sequence> together;
  std::map<std::int32_t, std::vector<float>> want;
  const std::vector<text::TokenId> last = {7, 8, 9};
  for (std::int32_t i = 0; i < 3; ++i) {
    const auto n = static_cast<std::ptrdiff_t>(2 * i + 1);
    std::vector<text::TokenId> tokens(kTokens.begin(), kTokens.begin() + n);
    together.emplace_back(e.engine.runner());
    ASSERT_TRUE(together.back().append(tokens, 64, {}));
    tokens.push_back(last[static_cast<std::size_t>(i)]);
    want[i] = e.logits(tokens);
  }
  std::vector<engine::BatchSequence> step;
  for (std::size_t i = 0; i < 3; ++i) {
    step.push_back(together[i].extend(std::span(last).subspan(i, 1)).value());
  }
  e.engine.runner().run(step);
  const std::vector<std::int32_t> rows = {0, 1, 2};
  const std::span<const float> got = e.engine.runner().logits(rows);
  for (std::int32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(together[static_cast<std::size_t>(i)].length(), 2 * i + 2);
    float worst = 0;
    for (std::size_t j = 0; j < 512; ++j) {
      worst = std::max(worst, std::fabs(got[static_cast<std::size_t>(i) * 512 + j] - want[i][j]));
    }
    EXPECT_LT(worst, 1e-3f) << i;
  }
}

TEST(BenchRuns, EveryTokenOfEverySequence) {
  RandomEngine e(
      {.random = model::parse_random_spec("llama-tiny:Q4_0"), .n_ctx = 64, .max_sequences = 4});
  const CounterValues before = e.counters.read();
  const engine::BenchTest test{.n_gen = 5, .n_depth = 10, .n_sequences = 4};
  std::vector<std::int64_t> told;
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_EQ(total, 4 * 10);
    told.push_back(done);
  };
  EXPECT_EQ(engine::bench(e.engine, test, 2, progress).size(), 2u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), 40);
  const CounterValues after = e.counters.read();
  EXPECT_EQ(after.steps - before.steps, 4u + 3 * 5);  // depths, then each run's steps
  EXPECT_EQ(after.rows - before.rows, 4u * 10 + 3 * 5 * 4);
  EXPECT_EQ(after.head_runs - before.head_runs, 3u * 5);
  EXPECT_EQ(after.graph_builds, before.graph_builds);
  EXPECT_EQ(after.device_allocations, before.device_allocations);
}

TEST(BenchRuns, WhatAStepReads) {
  RandomEngine e(
      {.random = model::parse_random_spec("llama-tiny:Q8_0"), .n_ctx = 64, .max_sequences = 2});
  const auto one = engine::step_bytes(e.engine, {.n_gen = 8, .n_depth = 16});
  // Matrices of both layers and the output, Q8_0: 34 bytes for 32; norms; one row of the embedding.
  const std::int64_t layer = 256 * (256 + 128 + 128 + 256) + 3 * 256 * 512;
  EXPECT_EQ(one.weights, (2 * layer + 512 * 256) / 32 * 34 + 5 * 256 * 4 + 256 / 32 * 34);
  // K and V of 2 layers, 2 heads of 64, F16, at 16 + 4 positions.
  EXPECT_EQ(one.kv, 2 * 2 * 2 * 64 * 2 * 20);
  const auto two = engine::step_bytes(e.engine, {.n_gen = 8, .n_depth = 16, .n_sequences = 2});
  EXPECT_EQ(two.weights, one.weights + 256 / 32 * 34);
  EXPECT_EQ(two.kv, 2 * one.kv);
}

}  // namespace
}  // namespace rocmforge::test
