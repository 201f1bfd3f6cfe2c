#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/fixture.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::FinishReason;
using engine::Rejected;

using Results = std::map<std::size_t, engine::Result>;

Results run_all(engine::Engine& engine, const std::vector<engine::Request>& requests) {
  Results results;
  engine::Scheduler scheduler(engine, [&](std::size_t id, engine::Result result) {
    EXPECT_TRUE(results.emplace(id, std::move(result)).second) << "one end each";
  });
  for (const engine::Request& request : requests) scheduler.add(request);
  while (scheduler.step()) {
  }
  EXPECT_EQ(scheduler.n_done(), requests.size());
  return results;
}

// Of all lengths, and with every way to choose.
std::vector<engine::Request> some_requests(const TinyEngine& tiny) {
  const std::vector<engine::SamplingParams> ways = {
      {.temperature = 0},
      {.temperature = 1, .seed = 3},
      {.temperature = 1, .top_k = 0, .top_p = 0.9F, .seed = 4},
      {.temperature = 1, .repeat_penalty = 1.3F, .seed = 5},
      {.temperature = 1, .top_k = 270, .top_p = 0.9F, .seed = 6},
  };
  std::vector<engine::Request> out;
  for (int i = 0; i < 17; ++i) {
    const auto n = static_cast<std::size_t>(i % 5 == 4 ? 90 : 3 * i);
    engine::Request request = tiny.request("hello" + std::string(n, 'a' + static_cast<char>(i)));
    request.max_tokens = 1 + (i * 7) % 30;
    request.sampling = ways[static_cast<std::size_t>(i) % ways.size()];
    if (i % 3 == 0) request.ignore_eos = true;
    out.push_back(std::move(request));
  }
  return out;
}

TEST(Scheduler, EachAnswerIsTheSameAsAlone) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    for (const std::int32_t places : {1, 3, 8}) {
      // Prompts of 90 tokens and more have steps of their own.
      TinyEngine tiny({.matrix = dtype}, {.max_rows = 64, .max_sequences = places});
      const std::vector<engine::Request> requests = some_requests(tiny);
      const Results together = run_all(*tiny.engine, requests);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        SCOPED_TRACE("request " + std::to_string(i) + ", places " + std::to_string(places));
        const Completion alone = tiny.complete(requests[i]);
        const auto& done = std::get<Completion>(together.at(i));
        EXPECT_EQ(done.text, alone.text);
        EXPECT_EQ(done.tokens, alone.tokens);
        EXPECT_EQ(done.reason, alone.reason);
        EXPECT_EQ(done.timing.n_prompt, alone.timing.n_prompt);
        EXPECT_EQ(done.timing.n_generated, alone.timing.n_generated);
      }
    }
  }
}

TEST(Scheduler, TheyRunTogether) {
  const auto steps = [](std::int32_t places) {
    TinyEngine tiny({}, {.max_sequences = places});
    engine::Request request = tiny.request("hello", 20);
    request.ignore_eos = true;
    int n = 0;
    engine::Scheduler scheduler(*tiny.engine, [](std::size_t, const engine::Result&) {});
    for (int i = 0; i < 8; ++i) scheduler.add(request);
    while (scheduler.step()) ++n;
    return n;
  };
  EXPECT_EQ(steps(1), 8 * 20);
  EXPECT_EQ(steps(4), 2 * 20);
  EXPECT_EQ(steps(8), 20);
}

TEST(Scheduler, ARequestThatCannotRunEndsAtOnce) {
  TinyEngine tiny({}, {.n_ctx = 16, .max_sequences = 2});
  const Results results = run_all(
      *tiny.engine, {tiny.request("hello"), tiny.request(std::string(40, 'a')), engine::Request()});
  EXPECT_TRUE(std::holds_alternative<Completion>(results.at(0)));
  EXPECT_NE(std::get<Rejected>(results.at(1)).message.find("more than the context of 16"),
            std::string::npos);
  EXPECT_TRUE(std::holds_alternative<Rejected>(results.at(2)));
}

TEST(Scheduler, EndsByContextAndByCancel) {
  TinyEngine tiny({}, {.n_ctx = 32, .max_sequences = 2});
  engine::Request request = tiny.request("hello", 1000);
  request.ignore_eos = true;
  const Results full = run_all(*tiny.engine, {request, request, request});
  for (const auto& [id, result] : full) {
    const auto& done = std::get<Completion>(result);
    EXPECT_TRUE(done.context_full);
    EXPECT_EQ(done.tokens.size() + request.prompt.size(), 32u + 1);
  }

  std::vector<Completion> cancelled;
  engine::Scheduler scheduler(*tiny.engine, [&](std::size_t, engine::Result result) {
    cancelled.push_back(std::get<Completion>(std::move(result)));
  });
  std::string streamed;
  scheduler.add(request, {.sinks = {.answer = [&](std::string_view t) { streamed += t; }}});
  for (int i = 0; i < 3; ++i) scheduler.add(request);
  for (int i = 0; i < 5; ++i) scheduler.step();
  scheduler.cancel();
  ASSERT_EQ(cancelled.size(), 4u);
  for (const Completion& c : cancelled) EXPECT_EQ(c.reason, FinishReason::kCancelled);
  EXPECT_EQ(cancelled[0].tokens.size(), 5u);
  EXPECT_EQ(cancelled[0].text, streamed);
  EXPECT_EQ(cancelled[2].tokens.size(), 0u);
  EXPECT_FALSE(scheduler.step());
  // All blocks are free again.
  EXPECT_EQ(std::get<Completion>(run_all(*tiny.engine, {request}).at(0)).tokens.size(),
            32u + 1 - request.prompt.size());
}

}  // namespace
}  // namespace rocmforge::test
