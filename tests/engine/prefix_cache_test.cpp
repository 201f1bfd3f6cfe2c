// What prompts have in common is run once, and nobody's words change by it.
#include "kv/prefix_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "engine/watched.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::FinishReason;
using engine::Request;

constexpr engine::SchedulerOptions kShared{.prefix_cache = true};

void expect_all_free(TinyEngine& tiny) {
  const kv::BlockPool& pool = tiny.engine->runner().pool();
  EXPECT_EQ(pool.n_free(), pool.n_blocks());
}

class Prefix : public ::testing::TestWithParam<bool> {
 protected:
  engine::EngineOptions options(std::int32_t places) const {
    return {.n_ctx = 256, .max_rows = 64, .max_sequences = places, .run_ahead = GetParam()};
  }
};
INSTANTIATE_TEST_SUITE_P(Ahead, Prefix, ::testing::Bool());

TEST_P(Prefix, ASecondPromptRunsWhatIsNew) {
  TinyEngine tiny({}, options(1));
  Request request = of_length(tiny, 100, 10);
  const Completion want = tiny.complete(request);
  Watched watched(tiny, kShared);
  watched.scheduler.add(request);
  watched.run();
  EXPECT_EQ(watched.done.at(0).timing.n_kept, 0);
  const CounterValues before = tiny.counters.read();
  watched.scheduler.add(request);
  watched.run();
  EXPECT_EQ((tiny.counters.read() - before).rows, 4u + 9) << "96 of 100 were known";
  for (const auto& [id, done] : watched.done) EXPECT_EQ(done.tokens, want.tokens) << id;
  EXPECT_EQ(watched.done.at(1).timing.n_kept, 96);
  const engine::Scheduler::Stats stats = watched.scheduler.stats();
  EXPECT_EQ(stats.n_queries, 200u);
  EXPECT_EQ(stats.n_hits, 96u);
  EXPECT_EQ(stats.n_prompt, 200u);
  EXPECT_EQ(stats.n_generated, 20u);
  EXPECT_EQ(stats.n_free_blocks, stats.n_blocks);
  EXPECT_EQ(stats.n_filled_blocks, 6) << "of 109 positions";
}

// The last token is always run: its logits are wanted.
TEST_P(Prefix, OfAPromptOfFullBlocksTheLastIsRunAgain) {
  TinyEngine tiny({}, options(1));
  const Request request = of_length(tiny, 64, 5);
  Watched watched(tiny, kShared);
  for (int i = 0; i < 2; ++i) {
    watched.scheduler.add(request);
    watched.run();
  }
  EXPECT_EQ(watched.done.at(1).timing.n_kept, 48);
  EXPECT_EQ(watched.done.at(1).tokens, watched.done.at(0).tokens);
}

TEST_P(Prefix, AConversationGoesOnFromItsAnswer) {
  TinyEngine tiny({}, options(2));
  Watched watched(tiny, kShared);
  Request request = of_length(tiny, 30, 40);
  std::int32_t n_ran = 0;  // of the turn before: all but its last token
  for (std::size_t turn = 0; turn < 3; ++turn) {
    const Completion want = tiny.complete(request);
    watched.scheduler.add(request);
    watched.run();
    const Completion& done = watched.done.at(turn);
    EXPECT_EQ(done.tokens, want.tokens) << turn;
    EXPECT_EQ(done.timing.n_kept, n_ran / 16 * 16) << turn;
    n_ran = static_cast<std::int32_t>(request.prompt.size()) + 39;
    request.prompt.insert(request.prompt.end(), done.tokens.begin(), done.tokens.end());
    for (int i = 0; i < 5; ++i) request.prompt.push_back(9 + i);
  }
}

// Several at once with one prompt: it is run once.
TEST_P(Prefix, SeveralAnswersShareTheirPrompt) {
  TinyEngine tiny({}, options(4));
  Request request = of_length(tiny, 150, 12);
  request.sampling = {.temperature = 1, .seed = 1};
  std::vector<Completion> want;
  Watched watched(tiny, kShared);
  for (std::uint64_t i = 0; i < 4; ++i) {
    request.sampling.seed = i;
    want.push_back(tiny.complete(request));
    watched.scheduler.add(request);
  }
  const CounterValues before = tiny.counters.read();
  watched.run();
  const std::uint64_t rows = (tiny.counters.read() - before).rows;
  EXPECT_LE(rows, 150u + 3 * 6 + 4 * 11) << "150 once, the 6 behind 144 of the others, the tokens";
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(watched.done.at(i).tokens, want[i].tokens) << i;
    EXPECT_EQ(watched.done.at(i).timing.n_kept, i == 0 ? 0 : 144) << i;
  }
  expect_all_free(tiny);
}

// While they run they hold one copy of what they have in common.
TEST_P(Prefix, ACommonBeginningIsHeldOnce) {
  TinyEngine tiny({}, options(4));
  Watched watched(tiny, kShared);
  for (int i = 0; i < 4; ++i) watched.scheduler.add(of_length(tiny, 150, 30));
  for (int i = 0; i < 8; ++i) watched.step();
  const kv::BlockPool& pool = tiny.engine->runner().pool();
  EXPECT_LE(pool.n_blocks() - pool.n_free(), 9 + 4 * 2);
  watched.run();
}

TEST_P(Prefix, WhoWantsNothingSharedHasItsOwn) {
  TinyEngine tiny({}, options(2));
  Watched watched(tiny, kShared);
  Request request = of_length(tiny, 40, 4);
  request.share_prefix = false;
  for (int i = 0; i < 2; ++i) {
    watched.scheduler.add(request);
    watched.run();
    EXPECT_EQ(tiny.engine->runner().pool().n_filled(), 0);
  }
  EXPECT_EQ(watched.done.at(1).timing.n_kept, 0);
  EXPECT_EQ(watched.scheduler.stats().n_queries, 0u);
}

// Prompt log-probabilities and embeddings need every row, before and after others' reuse.
TEST_P(Prefix, WhatReadsThePromptRunsItWhole) {
  TinyEngine tiny({}, options(3));
  Watched watched(tiny, kShared);
  const Request plain = of_length(tiny, 70, 6);
  Request reads = plain, embeds = plain;
  reads.n_prompt_logprobs = 2;
  embeds.embedding = engine::Embedding::kMean;
  embeds.max_tokens = 0;
  for (int round = 0; round < 2; ++round) {
    watched.scheduler.add(plain);
    watched.scheduler.add(reads);
    watched.scheduler.add(embeds);
    watched.run();
  }
  const Completion want = tiny.complete(reads), embedded = tiny.complete(embeds);
  for (const std::size_t id : {1u, 4u}) {
    const Completion& done = watched.done.at(id);
    EXPECT_EQ(done.timing.n_kept, 0);
    EXPECT_EQ(done.tokens, want.tokens);
    ASSERT_EQ(done.prompt_log_probs.size(), 69u);
    for (std::size_t i = 0; i < 69; ++i) {
      EXPECT_EQ(done.prompt_log_probs[i].chosen.log_prob, want.prompt_log_probs[i].chosen.log_prob);
    }
    EXPECT_EQ(watched.done.at(id + 1).embedding, embedded.embedding);
  }
  EXPECT_EQ(watched.done.at(3).timing.n_kept, 64);
}

// Many of a few kinds in a small cache: blocks are lost and found, and words stay what they are.
TEST_P(Prefix, LostBlocksAreRunAgain) {
  engine::EngineOptions small = options(2);
  small.n_ctx = 128;
  TinyEngine tiny({}, small);
  std::vector<Request> kinds;
  for (std::size_t i = 0; i < 6; ++i) {
    Request request = of_length(tiny, 90 + i, 20);
    for (std::size_t t = 16 * (i % 3); t < request.prompt.size(); ++t) {
      request.prompt[t] = static_cast<text::TokenId>(3 + (t * 37 + i * 11) % (kTinyVocab - 3));
    }
    kinds.push_back(std::move(request));
  }
  Watched watched(tiny, kShared);
  for (std::size_t i = 0; i < 40; ++i) watched.scheduler.add(kinds[i * i % 6]);
  watched.run();
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(watched.done.at(i).tokens, tiny.complete(kinds[i * i % 6]).tokens) << i;
  }
  EXPECT_GT(watched.scheduler.stats().n_hits, 0u);
  expect_all_free(tiny);
}

TEST_P(Prefix, ACancelledRequestLeavesWhatItHasRun) {
  TinyEngine tiny({}, options(2));
  std::atomic<bool> cancel = false;
  const Request request = of_length(tiny, 200, 5);
  Watched watched(tiny, kShared);
  watched.scheduler.add(request, {.cancel = &cancel});
  watched.step();
  cancel = true;
  watched.run();
  EXPECT_EQ(watched.done.at(0).reason, FinishReason::kCancelled);
  expect_all_free(tiny);
  watched.scheduler.add(request);
  watched.run();
  EXPECT_GE(watched.done.at(1).timing.n_kept, 64);
  EXPECT_EQ(watched.done.at(1).tokens, tiny.complete(request).tokens);
}

// Whatever of a sink's ends all: nothing is kept that nobody knows.
TEST_P(Prefix, NothingIsKeptAfterAnException) {
  TinyEngine tiny({}, options(2));
  Watched watched(tiny, kShared);
  watched.scheduler.add(
      of_length(tiny, 100, 5),
      {.sinks = {.answer = [](std::string_view) { throw std::runtime_error("no more"); }}});
  EXPECT_THROW(watched.run(), std::runtime_error);
  EXPECT_EQ(tiny.engine->runner().pool().n_filled(), 0);
  expect_all_free(tiny);
}

TEST_P(Prefix, ASchedulerThatEndsGivesAllBack) {
  TinyEngine tiny({}, options(2));
  {
    Watched watched(tiny, kShared);
    watched.scheduler.add(of_length(tiny, 100, 5));
    watched.run();
    watched.scheduler.add(of_length(tiny, 120, 5));
    watched.step();
  }
  EXPECT_EQ(tiny.engine->runner().pool().n_filled(), 0);
  expect_all_free(tiny);
}

}  // namespace
}  // namespace rocmforge::test
