// A device that fails: requests in flight end as failed, the engine stays usable.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>

#include "backend/null/device.h"
#include "base/error.h"
#include "engine/fixture.h"
#include "engine/scheduler.h"
#include "engine/setting.h"

namespace rocmforge::test {
namespace {

// Passes everything on to the CPU, until told to fail.
class FailingStream final : public backend::Stream {
 public:
  FailingStream(std::unique_ptr<backend::Stream> inner, const int& fail_after)
      : inner_(std::move(inner)), fail_after_(fail_after) {}
  void read(const backend::Buffer& from, std::int64_t offset, std::span<std::byte> to) override {
    inner_->read(from, offset, to);
  }
  void write(backend::Buffer& to, std::int64_t offset, std::span<const std::byte> from) override {
    inner_->write(to, offset, from);
  }
  void wait() override {
    if (n_waits_++ >= fail_after_) throw Error(ErrorCode::kDevice, "[test] the device is lost");
    inner_->wait();
  }
  backend::Mark mark() override { return inner_->mark(); }
  void wait(backend::Mark) override { wait(); }

 private:
  std::unique_ptr<backend::Stream> inner_;
  const int& fail_after_;
  int n_waits_ = 0;
};

class FailingDevice final : public backend::Device {
 public:
  FailingDevice(backend::Device& inner, const int& fail_after)
      : inner_(inner), fail_after_(fail_after) {}
  backend::DeviceInfo info() const override { return inner_.info(); }
  std::unique_ptr<backend::Buffer> allocate(std::int64_t bytes) override {
    return inner_.allocate(bytes);
  }
  std::unique_ptr<backend::HostMemory> allocate_host(std::int64_t bytes) override {
    return inner_.allocate_host(bytes);
  }
  std::unique_ptr<backend::Stream> make_stream() override {
    return std::make_unique<FailingStream>(inner_.make_stream(), fail_after_);
  }
  std::unique_ptr<backend::Executor> make_executor() override { return inner_.make_executor(); }

 private:
  backend::Device& inner_;
  const int& fail_after_;
};

class LostDevice : public testing::TestWithParam<bool> {};

TEST_P(LostDevice, FailsTheRequestAndNothingElse) {
  TinyEngine tiny;
  int fail_after = 10;
  FailingDevice device(*tiny.device, fail_after);
  engine::Engine engine({.path = tiny.dir.file("tiny.gguf"), .run_ahead = GetParam()}, device,
                        tiny.counters);
  engine::Request request = tiny.request("hello", 50);
  request.ignore_eos = true;
  const auto failed = std::get<engine::Completion>(engine.generate(request, {}));
  EXPECT_EQ(failed.reason, engine::FinishReason::kFailed);
  EXPECT_EQ(failed.error, "[test] the device is lost");
  EXPECT_EQ(engine.runner().pool().n_free(), engine.runner().pool().n_blocks());
  fail_after = 1000000;
  const auto after = std::get<engine::Completion>(engine.generate(request, {}));
  EXPECT_EQ(after.reason, engine::FinishReason::kLength);
  EXPECT_EQ(after.text, tiny.complete(request).text);
}

INSTANTIATE_TEST_SUITE_P(Faults, LostDevice, testing::Bool(), [](const auto& param) {
  return std::string(param.param ? "RunningAhead" : "StepByStep");
});

// Those that have a place fail, and keep nothing of what they ran; those that wait are served.
TEST_P(LostDevice, FailsThoseUnderWayAndServesTheNext) {
  TinyEngine tiny;
  int fail_after = 12;
  FailingDevice device(*tiny.device, fail_after);
  engine::Engine engine(
      {.path = tiny.dir.file("tiny.gguf"), .max_sequences = 2, .run_ahead = GetParam()}, device,
      tiny.counters);
  engine::Request request = tiny.request("hello", 50);
  request.ignore_eos = true;
  const engine::Completion want = tiny.complete(request);
  engine::KvCache cache(engine.runner());
  std::map<std::size_t, engine::Completion> done;
  engine::Scheduler scheduler(engine, [&](std::size_t id, engine::Result result) {
    done[id] = std::get<engine::Completion>(std::move(result));
    if (done[id].reason == engine::FinishReason::kFailed) fail_after = 1000000;
  });
  std::string streamed;
  scheduler.add(request,
                {.sinks = {.answer = [&](std::string_view t) { streamed += t; }}, .cache = &cache});
  scheduler.add(request);
  scheduler.add(request);
  while (done.size() < 2) ASSERT_TRUE(scheduler.step());
  for (const std::size_t id : {0u, 1u}) {
    EXPECT_EQ(done.at(id).reason, engine::FinishReason::kFailed);
    EXPECT_EQ(done.at(id).error, "[test] the device is lost");
    EXPECT_TRUE(want.text.starts_with(done.at(id).text));
  }
  EXPECT_EQ(done.at(0).text, streamed);
  EXPECT_GT(done.at(0).tokens.size(), 5u);
  EXPECT_EQ(cache.sequence.length(), 0);
  EXPECT_TRUE(cache.tokens.empty());
  scheduler.add(request, {.cache = &cache});
  while (scheduler.step()) {
  }
  for (const std::size_t id : {2u, 3u}) {
    EXPECT_EQ(done.at(id).reason, engine::FinishReason::kLength);
    EXPECT_EQ(done.at(id).tokens, want.tokens);
    EXPECT_EQ(done.at(id).timing.n_kept, 0);
  }
  EXPECT_EQ(cache.tokens.size(), request.prompt.size() + 49);
}

// Who hears of a lost device may itself fail: then nothing of those requests is left.
TEST_P(LostDevice, AndWhoIsToldOfItThrows) {
  TinyEngine tiny;
  int fail_after = 12;
  FailingDevice device(*tiny.device, fail_after);
  engine::Engine engine(
      {.path = tiny.dir.file("tiny.gguf"), .max_sequences = 2, .run_ahead = GetParam()}, device,
      tiny.counters);
  engine::Request request = tiny.request("hello", 50);
  request.ignore_eos = true;
  engine::KvCache cache(engine.runner());
  int n_done = 0;
  engine::Scheduler scheduler(engine, [&](std::size_t, const engine::Result& result) {
    ++n_done;
    if (std::get<engine::Completion>(result).reason == engine::FinishReason::kFailed) {
      throw std::runtime_error("nobody listens");
    }
  });
  {
    auto cancel = std::make_unique<std::atomic<bool>>(false);  // is not looked at afterwards
    scheduler.add(request, {.cancel = cancel.get(), .cache = &cache});
    scheduler.add(request, {.cancel = cancel.get()});
    scheduler.add(request, {.cancel = cancel.get()});
    EXPECT_THROW(while (scheduler.step()){}, std::runtime_error);
  }
  EXPECT_EQ(n_done, 1);
  EXPECT_EQ(scheduler.n_running() + scheduler.n_waiting(), 0u);
  EXPECT_EQ(cache.sequence.length(), 0);
  EXPECT_EQ(engine.runner().pool().n_free(), engine.runner().pool().n_blocks());
  EXPECT_FALSE(scheduler.step());
  fail_after = 1000000;
  scheduler.add(request);
  while (scheduler.step()) {
  }
  EXPECT_EQ(n_done, 2);
}

// What its memory holds is not trusted: the next prompt is run whole.
TEST_P(LostDevice, EmptiesThePrefixCache) {
  TinyEngine tiny;
  int fail_after = 1000000;
  FailingDevice device(*tiny.device, fail_after);
  engine::Engine engine({.path = tiny.dir.file("tiny.gguf"), .run_ahead = GetParam()}, device,
                        tiny.counters);
  engine::Request request = tiny.request("hello hello hello", 10);
  request.prompt.resize(40, 7);
  request.ignore_eos = true;
  const engine::Completion want = tiny.complete(request);
  std::vector<engine::Completion> done;
  engine::Scheduler scheduler(engine,
                              [&](std::size_t, engine::Result result) {
                                done.push_back(std::get<engine::Completion>(std::move(result)));
                              },
                              {.prefix_cache = true});
  const auto answer = [&] {
    scheduler.add(request);
    while (scheduler.step()) {
    }
    return done.back();
  };
  EXPECT_EQ(answer().timing.n_kept, 0);
  EXPECT_EQ(answer().timing.n_kept, 32);
  fail_after = 0;
  EXPECT_EQ(answer().reason, engine::FinishReason::kFailed);
  EXPECT_EQ(engine.runner().pool().n_filled(), 0);
  EXPECT_EQ(engine.runner().pool().n_free(), engine.runner().pool().n_blocks());
  fail_after = 1000000;
  const engine::Completion after = answer();
  EXPECT_EQ(after.timing.n_kept, 0);
  EXPECT_EQ(after.tokens, want.tokens);
  EXPECT_EQ(answer().timing.n_kept, 32);
}

// A conversation goes on after the device failed once: its cache holds nothing of the failed turn.
TEST_P(LostDevice, ClearsTheCacheOfAConversation) {
  TinyEngine tiny;
  int fail_after = 1000000;
  FailingDevice device(*tiny.device, fail_after);
  engine::Engine engine({.path = tiny.dir.file("tiny.gguf"), .run_ahead = GetParam()}, device,
                        tiny.counters);
  engine::KvCache cache(engine.runner());
  engine::Request request = tiny.request("hello hello hello", 10);
  request.ignore_eos = true;
  const engine::Completion want = tiny.complete(request);
  const auto answer = [&] {
    return std::get<engine::Completion>(engine.answer(request, {.cache = &cache}));
  };
  EXPECT_EQ(answer().tokens, want.tokens);
  fail_after = 0;
  EXPECT_EQ(answer().reason, engine::FinishReason::kFailed);
  EXPECT_EQ(cache.sequence.length(), 0);
  EXPECT_TRUE(cache.tokens.empty());
  fail_after = 1000000;
  const engine::Completion after = answer();
  EXPECT_EQ(after.tokens, want.tokens);
  EXPECT_EQ(after.timing.n_kept, 0);
  EXPECT_GT(answer().timing.n_kept, 0);
}

TEST(Faults, AKvCacheThatCannotFitIsRefusedWithItsSize) {
  TinyEngine tiny;
  try {
    engine::Engine engine({.path = tiny.dir.file("tiny.gguf"), .n_ctx = 2000000000}, *tiny.device,
                          tiny.counters);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
    EXPECT_NE(std::string(e.what()).find("would fit: context "), std::string::npos) << e.what();
  }
}

// What would do instead comes as values, for whoever has names for the settings.
TEST(Faults, ARefusalHasItsRemedies) {
  TinyEngine tiny;
  try {
    engine::Engine engine({.path = tiny.dir.file("tiny.gguf"), .n_ctx = 2000000000}, *tiny.device,
                          tiny.counters);
    ADD_FAILURE() << "accepted";
  } catch (const engine::SettingError& e) {
    ASSERT_EQ(e.remedies().size(), 1u);
    EXPECT_EQ(e.remedies()[0].setting, engine::Setting::kContext);
    EXPECT_EQ(e.what(), e.reason() + "; would fit: context " + e.remedies()[0].value);
    const auto named = [](engine::Setting) { return std::string_view("-x"); };
    EXPECT_EQ(engine::with_remedies("no", {{engine::Setting::kKvType}, {engine::Setting::kContext}},
                                    named),
              "no (-x, -x)");
    EXPECT_EQ(engine::with_remedies("no", {}, named), "no");
  }
}

TEST(Faults, TheNullDeviceRecordsWhatTheEngineAsksFor) {
  TinyEngine tiny;
  Counters counters;
  null::Record record;
  const auto device = null::make_device(counters, record);
  engine::Engine engine({.path = tiny.dir.file("tiny.gguf")}, *device, counters);
  const CounterValues loaded = counters.read();
  engine::Request request = tiny.request("hello", 3);
  request.ignore_eos = true;  // every logit is 0: token 0, again and again
  const auto completion = std::get<engine::Completion>(engine.generate(request, {}));
  EXPECT_EQ(completion.tokens, (std::vector<text::TokenId>{0, 0, 0}));
  const CounterValues delta = counters.read() - loaded;
  EXPECT_EQ(delta.graph_builds + delta.weight_binds + delta.device_allocations, 0u);
}

}  // namespace
}  // namespace rocmforge::test
