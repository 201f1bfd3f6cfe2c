// What each step of the scheduler holds: chunks of prompts beside tokens, steps given ahead, and
// requests that leave.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/fixture.h"
#include "engine/scheduler.h"
#include "engine/watched.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::FinishReason;
using engine::Listener;
using engine::Request;
using engine::Scheduler;

TEST(SchedulerSteps, PromptsComeInChunksBesideTokens) {
  constexpr std::uint64_t kRows = 16;
  TinyEngine tiny({}, {.n_ctx = 256, .max_rows = kRows, .max_sequences = 4});
  const std::vector<Request> requests = {of_length(tiny, 3, 40), of_length(tiny, 4, 40),
                                         of_length(tiny, 100, 10), of_length(tiny, 30, 10)};
  Watched watched(tiny);
  watched.scheduler.add(requests[0]);
  watched.scheduler.add(requests[1]);
  EXPECT_EQ(watched.step().rows, 7u) << "two whole prompts";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(watched.step().rows, 2u);
  watched.scheduler.add(requests[2]);
  watched.scheduler.add(requests[3]);
  // 100 and 30 tokens, 14 a step beside two: the one with the fewest left has a quarter of them,
  // and from its end on there are three that generate.
  for (int i = 0; i < 9; ++i) {
    const CounterValues delta = watched.step();
    EXPECT_EQ(delta.rows, kRows) << i;
    EXPECT_EQ(delta.steps, 1u);
  }
  EXPECT_EQ(watched.step().rows, 3u + 4);
  EXPECT_EQ(watched.step().rows, 4u);
  watched.run();
  // Those that came first had a token in every step.
  EXPECT_EQ(watched.ended_at.at(0), 40);
  EXPECT_EQ(watched.ended_at.at(1), 40);
  EXPECT_EQ(watched.ended_at.at(2), 5 + 9 + 9);
  EXPECT_EQ(watched.ended_at.at(3), 5 + 10 + 9);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(watched.done.at(i).tokens, tiny.complete(requests[i]).tokens) << i;
    const engine::Timing& timing = watched.done.at(i).timing;
    EXPECT_GT(timing.prompt_seconds, 0);
    EXPECT_GT(timing.generate_seconds, 0);
    EXPECT_EQ(timing.n_kept, 0);
  }
}

TEST(SchedulerSteps, AloneAPromptIsCutAsTheRowsAre) {
  TinyEngine tiny({}, {.n_ctx = 256, .max_rows = 16, .max_sequences = 2});
  Watched watched(tiny);
  watched.scheduler.add(of_length(tiny, 40, 2));
  EXPECT_EQ(watched.step().rows, 16u);
  EXPECT_EQ(watched.step().rows, 16u);
  EXPECT_EQ(watched.step().rows, 8u);
  EXPECT_EQ(watched.step().rows, 1u);
  EXPECT_FALSE(watched.scheduler.step());
}

// More sequences than rows: they take turns, and a prompt is not left out for ever.
TEST(SchedulerSteps, MoreSequencesThanRowsTakeTurns) {
  TinyEngine tiny({}, {.n_ctx = 64, .max_rows = 3, .max_sequences = 7});
  std::vector<Request> requests;
  for (std::size_t i = 0; i < 7; ++i) requests.push_back(of_length(tiny, 1 + i, 12));
  Watched watched(tiny);
  for (const Request& r : requests) watched.scheduler.add(r);
  while (watched.scheduler.n_done() < requests.size()) EXPECT_LE(watched.step().rows, 3u);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(watched.done.at(i).tokens, tiny.complete(requests[i]).tokens) << i;
  }
}

// However many others generate, a prompt's turn comes.
TEST(SchedulerSteps, APromptIsNotKeptWaitingByTokens) {
  TinyEngine tiny({}, {.n_ctx = 256, .max_rows = 2, .max_sequences = 4});
  Watched watched(tiny);
  for (int i = 0; i < 3; ++i) watched.scheduler.add(of_length(tiny, 1, 200));
  for (int i = 0; i < 5; ++i) watched.step();
  const Request late = of_length(tiny, 6, 2);
  watched.scheduler.add(late);
  while (watched.done.empty() && watched.n_steps < 100) watched.step();
  ASSERT_TRUE(watched.done.contains(3));
  EXPECT_EQ(watched.done.at(3).tokens, tiny.complete(late).tokens);
  EXPECT_EQ(watched.done.size(), 1u);
}

// Blocks that a conversation keeps are its own: who has no room for want of them waits for those
// that run, and fails alone where none does.
TEST(SchedulerSteps, ACacheOfNobodyUnderWayMayHoldTheRoom) {
  TinyEngine tiny({}, {.n_ctx = 64, .max_rows = 8, .max_sequences = 2});
  engine::KvCache first(tiny.engine->runner()), second(tiny.engine->runner());
  Watched watched(tiny);
  watched.scheduler.add(of_length(tiny, 50, 5), {.cache = &first});
  watched.run();
  const Request request = of_length(tiny, 20, 30);
  watched.scheduler.add(request);
  watched.scheduler.add(request, {.cache = &second});
  watched.run();
  for (const std::size_t id : {1u, 2u}) {
    EXPECT_EQ(watched.done.at(id).reason, FinishReason::kLength);
    EXPECT_EQ(watched.done.at(id).tokens.size(), 30u);
  }
  watched.scheduler.add(request);
  watched.run();
  EXPECT_EQ(watched.done.at(3).reason, FinishReason::kFailed);
  EXPECT_FALSE(watched.done.at(3).device_failed);
  EXPECT_NE(watched.done.at(3).error.find(": no room is left in the KV cache"), std::string::npos);
  first.clear();
  watched.scheduler.add(request);
  watched.run();
  EXPECT_EQ(watched.done.at(4).tokens, watched.done.at(1).tokens);
  second.clear();
  EXPECT_EQ(watched.done.at(4).tokens, tiny.complete(request).tokens);
}

// Every row that the host must choose for is read in one go.
TEST(SchedulerSteps, TheHostReadsItsRowsTogether) {
  TinyEngine tiny({}, {.max_sequences = 5});
  Watched watched(tiny);
  for (std::size_t i = 0; i < 5; ++i) {
    Request request = of_length(tiny, 5, 20);
    if (i > 0) request.sampling = {.typical_p = 0.5F, .mirostat = i == 1 ? 2 : 0};
    watched.scheduler.add(request);
  }
  for (int i = 0; i < 20; ++i) {
    const CounterValues delta = watched.step();
    EXPECT_EQ(delta.head_runs, 2u) << "one that chooses, one for the host";
    EXPECT_EQ(delta.logit_readbacks, 4u);
  }
}

TEST(SchedulerSteps, ACancelledRequestLeavesWithinOneStep) {
  for (const bool ahead : {false, true}) {
    TinyEngine tiny({}, {.n_ctx = 256, .max_rows = 16, .max_sequences = 3, .run_ahead = ahead});
    const Request request = endless(tiny, "hello", 30), long_prompt = of_length(tiny, 200, 5);
    const Completion alone = tiny.complete(request);
    std::array<std::atomic<bool>, 4> cancel{};
    Watched watched(tiny);
    watched.scheduler.add(request, {.cancel = &cancel[0]});
    watched.scheduler.add(request, {.cancel = &cancel[1]});
    watched.scheduler.add(long_prompt, {.cancel = &cancel[2]});
    watched.scheduler.add(request, {.cancel = &cancel[3]});  // has no place
    for (int i = 0; i < 4; ++i) watched.step();
    EXPECT_EQ(watched.scheduler.n_waiting(), 1u);
    for (const std::size_t i : {0u, 2u, 3u}) cancel[i] = true;
    watched.step();
    EXPECT_EQ(watched.done.size(), 3u);
    for (const auto& [id, done] : watched.done) {
      EXPECT_EQ(done.reason, FinishReason::kCancelled);
      EXPECT_EQ(done.tokens.size(), id == 0 ? 4u : 0u);
    }
    EXPECT_EQ(watched.scheduler.n_running(), 1u);
    EXPECT_EQ(watched.done.at(2).timing.n_prompt, 200);
    const kv::BlockPool& pool = tiny.engine->runner().pool();
    EXPECT_GE(pool.n_free(), pool.n_blocks() - 2) << "what they held is free";
    watched.run();
    EXPECT_EQ(watched.done.at(1).tokens, alone.tokens);
    EXPECT_EQ(pool.n_free(), pool.n_blocks());
  }
}

// One of its own sinks cancels it: not a token more.
TEST(SchedulerSteps, ASinkMayCancel) {
  for (const bool ahead : {false, true}) {
    TinyEngine tiny({}, {.max_sequences = 2, .run_ahead = ahead});
    const Request request = endless(tiny, "hello", 30);
    std::atomic<bool> cancel = false;
    std::string heard;
    Watched watched(tiny);
    watched.scheduler.add(request, {.sinks = {.answer =
                                                  [&](std::string_view t) {
                                                    heard += t;
                                                    cancel = true;
                                                  }},
                                    .cancel = &cancel});
    watched.scheduler.add(request);
    watched.run();
    EXPECT_EQ(watched.done.at(0).reason, FinishReason::kCancelled);
    EXPECT_EQ(watched.done.at(0).text, heard);
    EXPECT_EQ(watched.done.at(1).tokens, tiny.complete(request).tokens);
  }
}

// Of every kind: those that end early, by a stop string or a forced end of thinking, too.
std::vector<Request> some_requests(TinyEngine& tiny) {
  std::vector<Request> out;
  for (std::size_t i = 0; i < 6; ++i)
    out.push_back(of_length(tiny, 2 + 13 * i, static_cast<std::int32_t>(12 + 5 * (i % 3))));
  for (std::size_t i = 1; i < 3; ++i) out[i].sampling = {.temperature = 1, .seed = i};
  out[3].sampling = {.temperature = 0.8F, .top_k = 0, .top_p = 1, .seed = 4};
  const std::string text = tiny.complete(out[2]).text;
  out[2].stop = {text.substr(text.size() / 2, 4)};
  out[4].thinking = {
      .markers = {"<think>", "</think>"},
      .opened = true,
      .budget = 5,
      .closing = tiny.engine->tokenizer().encode("</think>", {.add_special = false})};
  return out;
}

TEST(SchedulerSteps, AheadTheSameTokensComeForAll) {
  const engine::EngineOptions options{.n_ctx = 256, .max_rows = 32, .max_sequences = 4};
  std::map<std::size_t, Completion> want;
  for (const bool ahead : {false, true}) {
    engine::EngineOptions how = options;
    how.run_ahead = ahead;
    TinyEngine tiny({}, how);
    const std::vector<Request> requests = some_requests(tiny);
    Watched watched(tiny);
    const CounterValues before = tiny.counters.read();
    for (const Request& r : requests) watched.scheduler.add(r);
    watched.run();
    const CounterValues delta = tiny.counters.read() - before;
    ASSERT_EQ(watched.done.size(), requests.size());
    EXPECT_EQ(delta.logit_readbacks, 0u);
    EXPECT_EQ(tiny.engine->runner().pool().n_free(), tiny.engine->runner().pool().n_blocks());
    if (!ahead) want = watched.done;
    for (const auto& [id, done] : watched.done) {
      EXPECT_EQ(done.tokens, want.at(id).tokens) << id;
      EXPECT_EQ(done.text, want.at(id).text);
      EXPECT_EQ(done.thinking, want.at(id).thinking);
      EXPECT_EQ(done.reason, want.at(id).reason);
      EXPECT_EQ(done.tokens, tiny.complete(requests[id]).tokens) << id << " alone";
    }
    EXPECT_EQ(want.at(2).reason, FinishReason::kCompleted);
    EXPECT_FALSE(want.at(4).thinking.empty());
    EXPECT_FALSE(want.at(4).text.empty()) << "its thinking was ended";
  }
}

// The next step is given before the last one's tokens are taken, for all; nothing in vain where
// only lengths end the answers.
TEST(SchedulerSteps, AStepAheadIsGivenForAll) {
  TinyEngine tiny({}, {.max_sequences = 3, .run_ahead = true});
  Watched watched(tiny);
  for (std::size_t i = 0; i < 3; ++i) watched.scheduler.add(of_length(tiny, 4, 10));
  EXPECT_EQ(watched.step().steps, 2u);
  for (int i = 1; i < 9; ++i) {
    const CounterValues delta = watched.step();
    EXPECT_EQ(delta.steps, 1u);
    EXPECT_EQ(delta.rows, 3u);
  }
  EXPECT_EQ(watched.step().steps, 0u);
  EXPECT_FALSE(watched.scheduler.step());
}

// A request whose tokens need what came before keeps the others from running ahead, while it lasts.
TEST(SchedulerSteps, WhatLooksBackIsNeverBehindAStepAhead) {
  TinyEngine tiny({}, {.max_sequences = 2, .run_ahead = true});
  Request looks_back = of_length(tiny, 4, 6);
  looks_back.sampling = {.temperature = 1, .repeat_penalty = 1.3F, .seed = 2};
  const Request plain = of_length(tiny, 4, 14);
  Watched watched(tiny);
  watched.scheduler.add(plain);
  EXPECT_EQ(watched.step().steps, 2u);
  watched.scheduler.add(looks_back);
  watched.run();
  EXPECT_EQ(watched.done.at(0).tokens, tiny.complete(plain).tokens);
  EXPECT_EQ(watched.done.at(1).tokens, tiny.complete(looks_back).tokens);
}

// A conversation's cache serves a request among others.
TEST(SchedulerSteps, ACacheIsKeptAndFollowed) {
  for (const bool ahead : {false, true}) {
    TinyEngine tiny({}, {.n_ctx = 128, .max_sequences = 2, .run_ahead = ahead});
    engine::KvCache cache(tiny.engine->runner());
    Request request = of_length(tiny, 20, 10);
    Watched watched(tiny);
    watched.scheduler.add(request, {.cache = &cache});
    watched.scheduler.add(of_length(tiny, 9, 30));
    while (watched.done.empty()) watched.step();
    const Completion first = watched.done.at(0);
    EXPECT_EQ(cache.tokens.size(), 20u + 10 - 1) << "the last one was not run";
    EXPECT_EQ(cache.sequence.length(), 29);
    request.prompt.insert(request.prompt.end(), first.tokens.begin(), first.tokens.end());
    request.prompt.push_back(7);
    watched.scheduler.add(request, {.cache = &cache});
    watched.run();
    EXPECT_EQ(watched.done.at(2).timing.n_kept, 29);
    EXPECT_EQ(watched.done.at(2).tokens, tiny.complete(request).tokens);
  }
}

// An error of another kind leaves no cache that says what is not so.
TEST(SchedulerSteps, ASinkThatThrowsEndsAll) {
  TinyEngine tiny({}, {.n_ctx = 128, .max_sequences = 2});
  engine::KvCache cache(tiny.engine->runner());
  {
    Watched watched(tiny);
    watched.scheduler.add(of_length(tiny, 20, 30), {.cache = &cache});
    watched.scheduler.add(
        of_length(tiny, 9, 30),
        {.sinks = {.answer = [](std::string_view) { throw std::runtime_error("no more"); }}});
    EXPECT_THROW(watched.run(), std::runtime_error);
    EXPECT_FALSE(watched.scheduler.step());
    EXPECT_TRUE(watched.done.empty());
  }
  EXPECT_EQ(cache.sequence.length(), 0);
  EXPECT_TRUE(cache.tokens.empty());
  const kv::BlockPool& pool = tiny.engine->runner().pool();
  EXPECT_EQ(pool.n_free(), pool.n_blocks());
}

TEST(SchedulerSteps, BreakersAreFoundOnceForEachList) {
  TinyEngine tiny;
  engine::SamplingParams dry{.dry_multiplier = 1}, other = dry;
  other.dry_breakers = {"l"};
  const auto first = tiny.engine->dry_breakers(dry);
  ASSERT_NE(first, nullptr);
  EXPECT_NE(tiny.engine->dry_breakers(other), first);
  EXPECT_EQ(tiny.engine->dry_breakers(dry), first);
  EXPECT_EQ(tiny.engine->dry_breakers({}), nullptr);
  for (int i = 0; i < 40; ++i) {  // others in between: the one asked for again and again stays
    other.dry_breakers = {std::to_string(i)};
    tiny.engine->dry_breakers(other);
    EXPECT_EQ(tiny.engine->dry_breakers(dry), first);
  }
}

}  // namespace
}  // namespace rocmforge::test
