// Requests from many threads on one engine.
#include "serve/model_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "engine/fixture.h"

namespace rocmforge::test {
namespace {

using namespace std::chrono_literals;
using engine::Completion;
using engine::FinishReason;
using serve::ModelThread;

// What has become of a request.
struct Pending {
  std::future<engine::Result> result;
  ModelThread::Handle handle;

  engine::Result get() {
    if (result.wait_for(30s) != std::future_status::ready) throw std::runtime_error("no answer");
    return result.get();
  }
  Completion completion() { return std::get<Completion>(get()); }
};

using Submitted = std::variant<Pending, ModelThread::Refused>;

Submitted submit(ModelThread& thread, engine::Request request, engine::TextSinks sinks = {}) {
  auto promise = std::make_shared<std::promise<engine::Result>>();
  auto result = promise->get_future();
  auto taken = thread.submit(std::move(request), std::move(sinks),
                             [promise](engine::Result end) { promise->set_value(std::move(end)); });
  if (const auto* refused = std::get_if<ModelThread::Refused>(&taken)) return *refused;
  return Pending{std::move(result), std::get<ModelThread::Handle>(taken)};
}

Pending submitted(ModelThread& thread, engine::Request request, engine::TextSinks sinks = {}) {
  return std::get<Pending>(submit(thread, std::move(request), std::move(sinks)));
}

engine::Request endless(const TinyEngine& tiny, std::int32_t max_tokens = 200) {
  engine::Request request = tiny.request("hello", max_tokens);
  request.ignore_eos = true;
  return request;
}

TEST(ModelThread, AnswersAreThoseOfEachAlone) {
  TinyEngine tiny({}, {.max_sequences = 4});
  std::vector<engine::Request> requests;
  std::vector<std::string> alone;
  for (int i = 0; i < 24; ++i) {
    requests.push_back(tiny.request("hello" + std::string(static_cast<std::size_t>(i), 'a')));
    alone.push_back(tiny.complete(requests.back()).text);
  }
  ModelThread thread(*tiny.engine, 100);
  std::vector<std::future<void>> clients;
  for (std::size_t c = 0; c < 6; ++c) {
    clients.push_back(std::async(std::launch::async, [&, c] {
      for (std::size_t i = c; i < requests.size(); i += 6) {
        std::string streamed;
        Pending one = submitted(thread, requests[i],
                                {.answer = [&](std::string_view text) { streamed += text; }});
        EXPECT_EQ(one.completion().text, alone[i]) << i;
        EXPECT_EQ(streamed, alone[i]) << i;
      }
    }));
  }
  for (auto& client : clients) client.get();
  EXPECT_TRUE(thread.drain(10s));
  const ModelThread::Counts counts = thread.counts();
  EXPECT_EQ(counts.n_taken, 24U);
  EXPECT_EQ(counts.n_completed, 24U);
  EXPECT_EQ(counts.n_running + counts.n_waiting + counts.n_failed + counts.n_cancelled, 0U);
  EXPECT_GT(counts.n_generated, 24);
  EXPECT_EQ(tiny.engine->runner().pool().n_free(), tiny.engine->runner().pool().n_blocks());
}

TEST(ModelThread, AFullQueueRefusesUntilThereIsRoom) {
  TinyEngine tiny({}, {.max_sequences = 1});
  ModelThread thread(*tiny.engine, 2);
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  // The first one's step holds the thread, so that nothing moves meanwhile.
  std::vector<Pending> all;
  all.push_back(
      submitted(thread, tiny.request("a"), {.answer = [gone](std::string_view) { gone.wait(); }}));
  all.push_back(submitted(thread, tiny.request("b")));
  all.push_back(submitted(thread, tiny.request("c")));
  EXPECT_EQ(std::get<ModelThread::Refused>(submit(thread, tiny.request("d"))),
            ModelThread::Refused::kFull);
  EXPECT_EQ(thread.counts().n_refused, 1U);
  go.set_value();
  for (Pending& one : all) EXPECT_NE(one.completion().reason, FinishReason::kFailed);
  EXPECT_NE(submitted(thread, tiny.request("d")).completion().reason, FinishReason::kFailed);
}

TEST(ModelThread, ACancelledOneLeavesAndTheOthersGoOn) {
  TinyEngine tiny({}, {.max_sequences = 2});
  const std::string alone = tiny.complete(endless(tiny)).text;
  ModelThread thread(*tiny.engine, 10);
  std::promise<void> asked;  // the thread goes on when both have been asked to end
  std::shared_future<void> both = asked.get_future().share();
  Pending cancelled =
      submitted(thread, endless(tiny), {.answer = [both](std::string_view) { both.wait(); }});
  Pending other = submitted(thread, endless(tiny));
  Pending waiting = submitted(thread, endless(tiny));
  cancelled.handle.cancel();
  waiting.handle.cancel();
  asked.set_value();
  EXPECT_EQ(cancelled.completion().reason, FinishReason::kCancelled);
  EXPECT_EQ(waiting.completion().reason, FinishReason::kCancelled);
  EXPECT_EQ(other.completion().text, alone);
  EXPECT_TRUE(thread.drain(10s));
  EXPECT_EQ(thread.counts().n_cancelled, 2U);
}

TEST(ModelThread, ARequestThatCannotBeRunIsAnswered) {
  TinyEngine tiny;
  ModelThread thread(*tiny.engine, 10);
  EXPECT_TRUE(std::holds_alternative<engine::Rejected>(submitted(thread, {}).get()));
  EXPECT_EQ(submitted(thread, tiny.request("a")).completion().error, "");
  EXPECT_EQ(thread.counts().n_failed, 1U);
}

TEST(ModelThread, WhatASinkThrowsFailsTheStepAndNotTheThread) {
  TinyEngine tiny({}, {.max_sequences = 2});
  const std::string alone = tiny.complete(endless(tiny)).text;
  ModelThread thread(*tiny.engine, 10);
  Pending one =
      submitted(thread, endless(tiny),
                {.answer = [](std::string_view) { throw std::runtime_error("the sink is full"); }});
  const Completion failed = one.completion();
  EXPECT_EQ(failed.reason, FinishReason::kFailed);
  EXPECT_EQ(failed.error, "the sink is full");
  EXPECT_EQ(thread.trouble(), "the sink is full");
  EXPECT_EQ(submitted(thread, endless(tiny)).completion().text, alone);
  EXPECT_EQ(thread.trouble(), "");
}

TEST(ModelThread, WhateverASinkThrows) {
  TinyEngine tiny;
  ModelThread thread(*tiny.engine, 10);
  Pending one = submitted(thread, endless(tiny), {.answer = [](std::string_view) { throw 7; }});
  EXPECT_EQ(one.completion().reason, FinishReason::kFailed);
  EXPECT_EQ(submitted(thread, tiny.request("a")).completion().error, "");
}

// What an answer is handed to has returned as well.
TEST(ModelThread, ADrainWaitsForWhoIsToldOfTheEnd) {
  TinyEngine tiny;
  ModelThread thread(*tiny.engine, 10);
  std::promise<void> told;
  std::atomic<bool> returned = false;
  thread.submit(tiny.request("a"), {}, [&](const engine::Result&) {
    told.set_value();
    std::this_thread::sleep_for(200ms);
    returned = true;
  });
  told.get_future().wait();
  EXPECT_TRUE(thread.drain(30s));
  EXPECT_TRUE(returned);
}

TEST(ModelThread, ADrainTakesNoMoreAndWaits) {
  TinyEngine tiny;
  ModelThread thread(*tiny.engine, 10);
  Pending one = submitted(thread, endless(tiny));
  EXPECT_TRUE(thread.drain(30s));
  EXPECT_EQ(one.result.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(std::get<ModelThread::Refused>(submit(thread, tiny.request("late"))),
            ModelThread::Refused::kClosing);
}

TEST(ModelThread, ItsEndAnswersAll) {
  TinyEngine tiny;
  std::vector<Pending> all;
  {
    ModelThread thread(*tiny.engine, 50);
    for (int i = 0; i < 20; ++i) all.push_back(submitted(thread, endless(tiny, 400)));
  }
  int n_cancelled = 0;
  for (Pending& one : all) {
    n_cancelled += one.completion().reason == FinishReason::kCancelled ? 1 : 0;
  }
  EXPECT_GT(n_cancelled, 0);
  EXPECT_EQ(tiny.engine->runner().pool().n_free(), tiny.engine->runner().pool().n_blocks());
}

}  // namespace
}  // namespace rocmforge::test
