// Fewer KV blocks than all need at once: some wait or give way, and every answer is what it is
// alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "constrain/token_grammar.h"
#include "engine/watched.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::FinishReason;
using engine::Request;

struct How {
  bool ahead = false, shared = false;
};

class Preemption : public ::testing::TestWithParam<How> {
 protected:
  // Blocks for `n_tokens` tokens of all; 12 places with contexts of 128.
  engine::EngineOptions small(std::int64_t n_tokens) const {
    return {.n_ctx = 128,
            .max_rows = 32,
            .max_sequences = 12,
            .kv_tokens = n_tokens,
            .run_ahead = GetParam().ahead};
  }
  engine::SchedulerOptions options() const { return {.prefix_cache = GetParam().shared}; }
};
INSTANTIATE_TEST_SUITE_P(How, Preemption,
                         ::testing::Values(How{false, false}, How{false, true}, How{true, false},
                                           How{true, true}),
                         [](const auto& how) {
                           return std::string(how.param.ahead ? "Ahead" : "InStep") +
                                  (how.param.shared ? "Shared" : "Apart");
                         });

void expect_all_free(TinyEngine& tiny) {
  const kv::BlockPool& pool = tiny.engine->runner().pool();
  EXPECT_EQ(pool.n_free(), pool.n_blocks());
}

// Of all lengths and ways: greedy, with random numbers, penalties, mirostat, log-probabilities.
std::vector<Request> many(const TinyEngine& tiny, std::size_t n) {
  const std::vector<engine::SamplingParams> ways = {
      {.temperature = 0},
      {.temperature = 1, .seed = 3},
      {.temperature = 1, .repeat_penalty = 1.3F, .seed = 5},
      {.temperature = 1, .seed = 6, .mirostat = 2},
      {.temperature = 0, .n_logprobs = 2},
  };
  std::vector<Request> out;
  for (std::size_t i = 0; i < n; ++i) {
    Request request = of_length(tiny, 1 + i * 13 % 60, static_cast<std::int32_t>(20 + i * 7 % 45));
    request.prompt.back() = static_cast<text::TokenId>(3 + i);
    request.sampling = ways[i % ways.size()];
    out.push_back(std::move(request));
  }
  return out;
}

TEST_P(Preemption, EachAnswerIsTheSameAsAlone) {
  TinyEngine tiny({}, small(192));
  const std::vector<Request> requests = many(tiny, 30);
  Watched watched(tiny, options());
  std::vector<std::string> heard(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    watched.scheduler.add(
        requests[i],
        {.sinks = {.answer = [&heard, i](std::string_view text) { heard[i] += text; }}});
  }
  watched.run();
  EXPECT_GT(watched.scheduler.stats().n_preemptions, 3u);
  ASSERT_EQ(watched.done.size(), requests.size());
  expect_all_free(tiny);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Completion alone = tiny.complete(requests[i]);
    const Completion& done = watched.done.at(i);
    EXPECT_EQ(done.tokens, alone.tokens) << i;
    EXPECT_EQ(done.text, alone.text) << i;
    EXPECT_EQ(heard[i], alone.text) << i << ": nothing is streamed twice";
    EXPECT_EQ(done.reason, alone.reason) << i;
    EXPECT_EQ(done.timing.n_generated, alone.timing.n_generated) << i;
    EXPECT_EQ(done.log_probs.size(), alone.log_probs.size()) << i;
  }
}

// The oldest never gives way, whoever else does.
TEST_P(Preemption, TheOldestGoesOnInEveryStep) {
  TinyEngine tiny({}, small(128));
  Watched watched(tiny, options());
  for (std::size_t i = 0; i < 4; ++i) {
    Request request = of_length(tiny, 3, 110);
    request.prompt[0] = static_cast<text::TokenId>(20 + i);
    watched.scheduler.add(request);
  }
  watched.run();
  EXPECT_EQ(watched.ended_at.at(0), 110);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(watched.done.at(i).tokens.size(), 110u);
    EXPECT_TRUE(i == 0 || watched.ended_at.at(i) > watched.ended_at.at(i - 1)) << i;
  }
  EXPECT_GT(watched.scheduler.stats().n_preemptions, 0u);
}

TEST_P(Preemption, WhatIsCancelledMeanwhileEndsAtOnce) {
  TinyEngine tiny({}, small(128));
  std::atomic<bool> cancel = false;
  Watched watched(tiny, options());
  watched.scheduler.add(of_length(tiny, 40, 80));
  Request young = of_length(tiny, 20, 60);
  young.prompt[0] = 9;
  const Completion alone = tiny.complete(young);
  watched.scheduler.add(young, {.cancel = &cancel});
  while (watched.scheduler.stats().n_preemptions == 0) watched.step();
  EXPECT_EQ(watched.scheduler.n_running(), 1u);
  EXPECT_EQ(watched.scheduler.n_waiting(), 1u);
  cancel = true;
  watched.step();
  ASSERT_TRUE(watched.done.contains(1));
  const Completion& done = watched.done.at(1);
  EXPECT_EQ(done.reason, FinishReason::kCancelled);
  ASSERT_GT(done.tokens.size(), 5u);
  EXPECT_TRUE(std::equal(done.tokens.begin(), done.tokens.end(), alone.tokens.begin()));
  watched.run();
  EXPECT_EQ(watched.done.at(0).tokens.size(), 80u);
  expect_all_free(tiny);
}

TEST_P(Preemption, AllAreToldWhenAllIsCancelled) {
  TinyEngine tiny({}, small(128));
  Watched watched(tiny, options());
  for (std::size_t i = 0; i < 5; ++i) watched.scheduler.add(of_length(tiny, 30 + i, 80));
  while (watched.scheduler.stats().n_preemptions == 0) watched.step();
  watched.scheduler.cancel();
  EXPECT_EQ(watched.done.size(), 5u);
  EXPECT_EQ(watched.scheduler.n_waiting() + watched.scheduler.n_running(), 0u);
  EXPECT_FALSE(watched.scheduler.step());
  expect_all_free(tiny);
}

// A stop string and the end of thinking go on where they were.
TEST_P(Preemption, StopStringsAndThinkingGoOn) {
  TinyEngine tiny({}, small(128));
  Request old = of_length(tiny, 20, 100), stops = of_length(tiny, 25, 80);
  stops.prompt[0] = 17;
  const std::string text = tiny.complete(stops).text;
  ASSERT_GT(text.size(), 60u);
  stops.stop = {text.substr(text.size() - 12, 9)};
  Request thinks = of_length(tiny, 25, 70);
  thinks.prompt[0] = 33;
  thinks.thinking = {
      .markers = {"<think>", "</think>"},
      .opened = true,
      .budget = 30,
      .closing = tiny.engine->tokenizer().encode("</think>", {.add_special = false})};
  Watched watched(tiny, options());
  watched.scheduler.add(old);
  watched.scheduler.add(stops);
  watched.scheduler.add(thinks);
  watched.run();
  EXPECT_GT(watched.scheduler.stats().n_preemptions, 0u);
  const Completion want = tiny.complete(stops);
  EXPECT_EQ(watched.done.at(1).text, want.text);
  EXPECT_EQ(watched.done.at(1).stopped_by, stops.stop.front());
  const Completion thought = tiny.complete(thinks);
  EXPECT_EQ(watched.done.at(2).thinking, thought.thinking);
  EXPECT_EQ(watched.done.at(2).text, thought.text);
  EXPECT_FALSE(thought.text.empty());
}

// Prompt log-probabilities are read once, though rows are run twice.
TEST_P(Preemption, WhatWasReadOfAPromptIsNotReadAgain) {
  TinyEngine tiny({}, small(128));
  Request reads = of_length(tiny, 40, 60);
  reads.prompt[0] = 8;
  reads.n_prompt_logprobs = 1;
  Watched watched(tiny, options());
  watched.scheduler.add(of_length(tiny, 40, 80));
  watched.scheduler.add(reads);
  watched.run();
  EXPECT_GT(watched.scheduler.stats().n_preemptions, 0u);
  const Completion want = tiny.complete(reads);
  const Completion& done = watched.done.at(1);
  EXPECT_EQ(done.tokens, want.tokens);
  ASSERT_EQ(done.prompt_log_probs.size(), 39u);
  for (std::size_t i = 0; i < 39; ++i) {
    EXPECT_EQ(done.prompt_log_probs[i].chosen.log_prob, want.prompt_log_probs[i].chosen.log_prob);
  }
}

// What an answer is held to stays where it was.
TEST_P(Preemption, AGrammarGoesOn) {
  TinyEngine tiny({}, small(128));
  Request held = of_length(tiny, 25, 70);
  held.prompt[0] = 21;
  held.grammar = std::make_shared<const constrain::TokenGrammar>(
      constrain::grammar_of_schema(R"({"type":"array","items":{"type":"integer"},"minItems":200})"),
      tiny.engine->token_table());
  held.ignore_eos = false;
  Watched watched(tiny, options());
  watched.scheduler.add(of_length(tiny, 20, 100));
  watched.scheduler.add(held);
  watched.run();
  EXPECT_GT(watched.scheduler.stats().n_preemptions, 0u);
  const Completion want = tiny.complete(held);
  EXPECT_EQ(watched.done.at(1).text, want.text);
  EXPECT_GT(want.tokens.size(), 50u);
}

// A pool of one context is one request's at least: nobody hangs.
TEST_P(Preemption, OneContextDoes) {
  TinyEngine tiny({}, small(1));
  EXPECT_EQ(tiny.engine->runner().pool().n_blocks(), 8);
  Watched watched(tiny, options());
  for (std::size_t i = 0; i < 6; ++i) {
    Request request = of_length(tiny, 100 + i, 1000);
    request.prompt[0] = static_cast<text::TokenId>(30 + i);
    watched.scheduler.add(request);
  }
  watched.run();
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(watched.done.at(i).context_full);
    EXPECT_EQ(watched.done.at(i).tokens.size(), 128 + 1 - 100 - i);
  }
  expect_all_free(tiny);
}

}  // namespace
}  // namespace rocmforge::test
