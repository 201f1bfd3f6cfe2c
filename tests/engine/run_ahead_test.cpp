// Steps given before the last one's token is known: the same answers, and nothing left over.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "engine/fixture.h"

namespace rocmforge::test {
namespace {

using engine::FinishReason;

struct Two {
  explicit Two(const TinyModel& shape = {}, std::int32_t n_ctx = 256)
      : behind(shape, {.n_ctx = n_ctx, .run_ahead = false}),
        ahead(shape, {.n_ctx = n_ctx, .run_ahead = true}) {}
  TinyEngine behind, ahead;
};

TEST(RunAhead, GivesTheSameAnswers) {
  Two two;
  const engine::SamplingParams kinds[] = {
      {.temperature = 0},
      {.temperature = 1, .seed = 3},
      {.temperature = 1, .top_k = 0, .top_p = 1, .seed = 4},
      {.temperature = 0.8F, .top_k = 0, .top_p = 0.9F, .seed = 5},
      {.temperature = 1, .top_k = 270, .top_p = 0.9F, .seed = 5},
      {.temperature = 1, .repeat_penalty = 1.3F, .seed = 6},
  };
  for (const engine::SamplingParams& kind : kinds) {
    for (const std::int32_t n : {1, 2, 40}) {
      engine::Request request = two.behind.request("hello hello", n);
      request.sampling = kind;
      request.ignore_eos = true;
      const engine::Completion want = two.behind.complete(request);
      const engine::Completion got = two.ahead.complete(request);
      EXPECT_EQ(got.tokens, want.tokens);
      EXPECT_EQ(got.text, want.text);
      EXPECT_EQ(got.reason, FinishReason::kLength);
      EXPECT_EQ(two.ahead.engine->runner().pool().n_free(),
                two.ahead.engine->runner().pool().n_blocks());
    }
  }
}

TEST(RunAhead, CountsWhatItRanInVain) {
  Two two;
  engine::Request request = two.behind.request("hello", 60);
  request.ignore_eos = true;
  // The text of some tokens in the middle ends the answer: by then the next step was given.
  const engine::Completion whole = two.behind.complete(request);
  request.stop = {whole.text.substr(whole.text.size() / 2, 6)};
  const CounterValues before_behind = two.behind.counters.read();
  const engine::Completion want = two.behind.complete(request);
  const CounterValues behind = two.behind.counters.read() - before_behind;
  const CounterValues before_ahead = two.ahead.counters.read();
  const engine::Completion got = two.ahead.complete(request);
  const CounterValues ahead = two.ahead.counters.read() - before_ahead;
  EXPECT_EQ(got.text, want.text);
  EXPECT_EQ(got.reason, FinishReason::kCompleted);
  EXPECT_EQ(ahead.steps, behind.steps + 1);
  EXPECT_EQ(ahead.logit_readbacks, 0u);
  EXPECT_EQ(two.ahead.engine->runner().pool().n_free(),
            two.ahead.engine->runner().pool().n_blocks());
}

TEST(RunAhead, NeverPassesTheContextOrTheTokensAskedFor) {
  Two two({}, 32);
  engine::Request request = two.behind.request("hello", 1000);
  request.ignore_eos = true;
  for (const std::int32_t n : {1, 5, 1000}) {
    request.max_tokens = n;
    const engine::Completion want = two.behind.complete(request);
    const CounterValues before = two.ahead.counters.read();
    const engine::Completion got = two.ahead.complete(request);
    const CounterValues delta = two.ahead.counters.read() - before;
    EXPECT_EQ(got.tokens, want.tokens);
    EXPECT_EQ(got.reason, FinishReason::kLength);
    EXPECT_EQ(delta.steps, got.tokens.size()) << "none in vain";
  }
}

TEST(RunAhead, ACancelledRequestEndsWithinAStep) {
  Two two;
  engine::Request request = two.ahead.request("hello", 100);
  request.ignore_eos = true;
  std::atomic<bool> cancel = false;
  int n_pieces = 0;
  const auto result = two.ahead.engine->generate(
      request,
      [&](std::string_view) {
        if (++n_pieces == 3) cancel = true;
      },
      &cancel);
  const auto& completion = std::get<engine::Completion>(result);
  EXPECT_EQ(completion.reason, FinishReason::kCancelled);
  EXPECT_LE(completion.tokens.size(), 12u);
  EXPECT_EQ(two.ahead.engine->runner().pool().n_free(),
            two.ahead.engine->runner().pool().n_blocks());
}

// What looks at the tokens before, or may need full logits, waits for each token.
TEST(RunAhead, OnlyWhereTheDeviceAloneChooses) {
  TinyEngine tiny({}, {.run_ahead = true});
  engine::Request request = tiny.request("hello", 10);
  request.ignore_eos = true;
  const auto readbacks = [&](const engine::SamplingParams& sampling) {
    request.sampling = sampling;
    const CounterValues before = tiny.counters.read();
    EXPECT_EQ(tiny.complete(request).tokens.size(), 10u);
    return (tiny.counters.read() - before).logit_readbacks;
  };
  EXPECT_EQ(readbacks({.temperature = 0}), 0u);
  EXPECT_EQ(readbacks({.temperature = 1}), 0u);
  EXPECT_EQ(readbacks({.temperature = 1, .repeat_penalty = 1.2F}), 0u) << "edits, on the device";
  EXPECT_EQ(readbacks({.temperature = 1, .top_k = 270, .top_p = 0.9F}), 10u) << "290 tokens";
}

}  // namespace
}  // namespace rocmforge::test
