// Who is told of each token: the pieces add up to the answer, whatever is held back on the way.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "engine/fixture.h"
#include "engine/scheduler.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::FinishReason;
using engine::Request;

struct Heard {
  engine::TextSinks sinks() {
    return {.answer = [this](std::string_view t) { streamed += t; },
            .thinking = {},
            .token =
                [this](const engine::TokenPiece& piece) {
                  EXPECT_FALSE(ended) << "nothing after the end";
                  answer += piece.answer;
                  thinking += piece.thinking;
                  EXPECT_EQ(streamed, answer) << "after the text's sinks";
                  if (piece.token == text::kNoToken) {
                    ended = true;
                    at_end = piece.answer;
                    return;
                  }
                  tokens.push_back(piece.token);
                  n_silent += piece.answer.empty() ? 1 : 0;
                  if (piece.log_probs == nullptr) return;
                  EXPECT_EQ(piece.log_probs->chosen.token, piece.token);
                  log_probs.push_back(piece.log_probs->chosen.log_prob);
                }};
  }
  void expect_is(const Completion& done) const {
    EXPECT_EQ(tokens, done.tokens);
    EXPECT_EQ(answer, done.text);
    EXPECT_EQ(thinking, done.thinking);
    EXPECT_EQ(log_probs.size(), done.log_probs.size());
    for (std::size_t i = 0; i < log_probs.size(); ++i) {
      EXPECT_EQ(log_probs[i], done.log_probs[i].chosen.log_prob);
    }
  }

  std::string streamed, answer, thinking, at_end;
  std::vector<text::TokenId> tokens;
  std::vector<double> log_probs;
  int n_silent = 0;
  bool ended = false;
};

Completion answer(TinyEngine& tiny, const Request& request, Heard& heard) {
  Completion done = std::get<Completion>(tiny.engine->answer(request, {.sinks = heard.sinks()}));
  heard.expect_is(done);
  return done;
}

Request endless(const TinyEngine& tiny, std::int32_t max_tokens = 60) {
  Request out = tiny.request("hello hello", max_tokens);
  out.sampling = {.temperature = 1, .top_k = 0, .top_p = 1, .seed = 5};
  out.ignore_eos = true;
  return out;
}

TEST(TokenSink, IsToldOfEachTokenOnce) {
  for (const bool ahead : {false, true}) {
    TinyEngine tiny({}, {.run_ahead = ahead});
    for (const std::int32_t n_logprobs : {-1, 0, 3}) {
      Request request = endless(tiny);
      request.sampling.n_logprobs = n_logprobs;
      Heard heard;
      const Completion done = answer(tiny, request, heard);
      EXPECT_EQ(done.tokens.size(), 60U);
      EXPECT_EQ(heard.log_probs.empty(), n_logprobs < 0);
      EXPECT_EQ(done.stopped_by, "");
      EXPECT_EQ(done.end_token, text::kNoToken);
    }
  }
}

TEST(TokenSink, WhatIsHeldForAStopStringComesWithTheEnd) {
  TinyEngine tiny;
  Request request = endless(tiny);
  const std::string whole = tiny.complete(request).text;
  ASSERT_GT(whole.size(), 8U);
  request.stop = {whole.substr(whole.size() - 5) + "~never~"};
  Heard heard;
  const Completion done = answer(tiny, request, heard);
  EXPECT_EQ(done.text, whole);
  EXPECT_TRUE(heard.ended);
  EXPECT_TRUE(heard.at_end.ends_with(whole.substr(whole.size() - 5)));
  EXPECT_EQ(done.reason, FinishReason::kLength);
  EXPECT_EQ(done.stopped_by, "");
}

TEST(TokenSink, AStopStringIsNamedAndNeverShown) {
  TinyEngine tiny;
  Request request = endless(tiny);
  const std::string whole = tiny.complete(request).text;
  const std::string stop = whole.substr(whole.size() / 2, 6);
  request.stop = {"~never~", stop, stop + "x"};
  Heard heard;
  const Completion done = answer(tiny, request, heard);
  EXPECT_EQ(done.text, whole.substr(0, whole.find(stop)));
  EXPECT_EQ(done.reason, FinishReason::kCompleted);
  EXPECT_EQ(done.stopped_by, stop);
  EXPECT_EQ(done.end_token, text::kNoToken);
  EXPECT_FALSE(heard.ended) << "nothing was held back";
}

TEST(TokenSink, TheTokenThatEndsItIsNamedAndNotTold) {
  TinyEngine tiny;
  Request request = endless(tiny, 200);
  const text::TokenId end = tiny.engine->tokenizer().vocab().eos;
  ASSERT_NE(end, text::kNoToken);
  request.ignore_eos = false;
  request.sampling.logit_bias = {{end, 5}};
  Heard heard;
  const Completion done = answer(tiny, request, heard);
  ASSERT_EQ(done.reason, FinishReason::kCompleted);
  EXPECT_EQ(done.end_token, end);
  EXPECT_EQ(done.stopped_by, "");
}

TEST(TokenSink, ThinkingAndWhatIsPutInAreToldToo) {
  TinyEngine tiny;
  Request request = endless(tiny, 30);
  request.thinking = engine::Thinking{.markers = {"<think>", "</think>"},
                                      .opened = true,
                                      .budget = 9,
                                      .closing = tiny.engine->tokenizer().encode("</think>", {})};
  request.sampling.n_logprobs = 1;
  Heard heard;
  const Completion done = answer(tiny, request, heard);
  EXPECT_FALSE(done.thinking.empty());
  EXPECT_FALSE(done.text.empty());
  EXPECT_GT(heard.n_silent, 9);
}

TEST(TokenSink, ACancelledOnesPiecesAddUp) {
  TinyEngine tiny;
  std::atomic<bool> cancel = false;
  Heard heard;
  engine::TextSinks sinks = heard.sinks();
  sinks.token = [&, inner = sinks.token](const engine::TokenPiece& piece) {
    inner(piece);
    if (heard.tokens.size() == 7) cancel = true;
  };
  const Completion done =
      std::get<Completion>(tiny.engine->answer(endless(tiny), {.sinks = sinks, .cancel = &cancel}));
  EXPECT_EQ(done.reason, FinishReason::kCancelled);
  EXPECT_EQ(heard.tokens.size(), 7U);
  heard.expect_is(done);
}

TEST(Timing, WhoWaitsKnowsHowLong) {
  TinyEngine tiny;
  std::vector<engine::Timing> times;
  engine::Scheduler scheduler(*tiny.engine, [&](std::size_t, engine::Result result) {
    times.push_back(std::get<Completion>(result).timing);
  });
  const auto before = std::chrono::steady_clock::now() - std::chrono::seconds(100);
  scheduler.add(endless(tiny));
  scheduler.add(endless(tiny));
  scheduler.add(endless(tiny), {.arrived = before});
  while (scheduler.step()) {
  }
  ASSERT_EQ(times.size(), 3U);
  EXPECT_LT(times[0].queue_seconds, times[0].generate_seconds + 1);
  EXPECT_GE(times[1].queue_seconds, times[0].prompt_seconds + times[0].generate_seconds);
  EXPECT_GE(times[2].queue_seconds, 100);
  EXPECT_EQ(times[2].first_token_seconds(), times[2].queue_seconds + times[2].prompt_seconds);
}

}  // namespace
}  // namespace rocmforge::test
