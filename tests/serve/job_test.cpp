// Answers of several choices, and of endpoints that fail.
#include "serve/openai/job.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "serve/api_fixture.h"
#include "serve/http/exchange.h"

namespace rocmforge::test {
namespace {

// Throws where it is told to.
class FailingJob final : public serve::Job {
 public:
  FailingJob(serve::Context& context, std::shared_ptr<serve::Call> call, engine::Request request,
             Options options, std::string where)
      : Job(context, std::move(call), {std::move(request)}, options), where_(std::move(where)) {}

 private:
  void fail_at(const std::string& where) const {
    if (where == where_) throw std::runtime_error("no such luck");
    if (where + "!" == where_) throw 7;
  }
  std::string opening() override {
    fail_at("opening");
    return "";
  }
  std::string piece(std::size_t, const engine::TokenPiece&) override {
    fail_at("piece");
    return "";
  }
  std::string ended(std::size_t, const engine::Completion&) override {
    fail_at("ended");
    return "";
  }
  std::string usage_event(const serve::Usage&) override { return ""; }
  std::string whole(const serve::Usage&) override {
    fail_at("whole");
    return "{}";
  }
  std::string where_;
};

TEST_F(Api, AnEndpointThatFailsHarmsNobodyElse) {
  start();
  serve::Router router;
  serve::add_openai(router, *context_);
  for (const bool stream : {false, true}) {
    router.add({.method = "POST",
                .pattern = stream ? "/streamed/{where}" : "/whole/{where}",
                .handle = [this, stream](const auto& call) {
                  const serve::Job::Options options{.stream = stream, .pieces = true, .n_each = 6};
                  std::make_shared<FailingJob>(*context_, call, tiny_->request("hello", 5), options,
                                               call->argument())
                      ->start();
                }});
  }
  service_->open(std::move(router));
  for (const char* where : {"piece", "ended", "whole", "piece!", "ended!"}) {
    const serve::HttpAnswer whole = ask("POST", std::string("/whole/") + where);
    EXPECT_EQ(whole.status, 500) << where;
    EXPECT_TRUE(json::parse(whole.body).at("error").is_object());
  }
  for (const char* where : {"opening", "piece", "ended", "opening!"}) {
    const serve::HttpAnswer streamed = ask("POST", std::string("/streamed/") + where);
    EXPECT_EQ(streamed.status, 200) << where;
    EXPECT_NE(streamed.body.find("\"error\""), std::string::npos) << where;
    EXPECT_TRUE(streamed.body.ends_with("data: [DONE]\n\n")) << where;
  }
  EXPECT_EQ(ask("POST", "/whole/nowhere").status, 200);
  EXPECT_EQ(context_->thread().trouble(), "");  // the device's it was not
  post("/v1/completions", R"({"prompt":"hello","max_tokens":2})");
}

// What was begun is ended, however many others there are.
TEST_F(Api, ChoicesOfAJobThatHasBegunAreNotTurnedAway) {
  ApiSetup setup;
  setup.engine.max_sequences = 1;
  setup.context.max_queue = 1;
  open(std::move(setup));
  const std::string body = R"({"prompt":"hello","max_tokens":12,"ignore_eos":true)";
  std::atomic<bool> over{false};
  std::atomic<int> n_refused{0};
  std::vector<std::jthread> flood;
  for (int i = 0; i < 3; ++i) {
    flood.emplace_back([&] {
      while (!over) {
        n_refused += ask("POST", "/v1/completions", body + "}").status == 429 ? 1 : 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  int n_whole = 0;
  for (int i = 0; i < 2000 && n_whole < 2; ++i) {
    const serve::HttpAnswer answer =
        ask("POST", "/v1/completions", body + R"(,"n":5,"stream":true})");
    if (answer.status == 429) continue;
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.find("\"error\""), std::string::npos) << answer.body;
    std::size_t n_ends = 0;
    for (std::size_t at = 0;
         (at = answer.body.find(R"("finish_reason":"length")", at + 1)) != std::string::npos;) {
      ++n_ends;
    }
    EXPECT_EQ(n_ends, 5U);
    ++n_whole;
  }
  over = true;
  flood.clear();
  EXPECT_GT(n_whole, 0);
  EXPECT_GT(n_refused, 0);
}

TEST_F(Api, BiasesOfTheModelCountBesideTheClients) {
  TempDir dir;
  const std::string path = dir.file("model.gguf");
  edited(tiny_model(), {}, [](gguf::Writer& w) {
    w.add_i32s("tokenizer.ggml.suppress_tokens", {5, 6, 7});
  }).write(path);
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
  engine::Engine engine({.path = path, .max_sequences = 1}, *device, counters);
  serve::Context context(engine, nullptr, "none", {.model = "m"});
  engine::Request request;
  request.prompt = {1, 2};
  request.sampling.logit_bias.resize(engine::kMaxLogitBiases - 3, {.token = 4, .bias = 0.5});
  EXPECT_NO_THROW(context.check_runs(request));
  request.sampling.logit_bias.push_back({.token = 4, .bias = 0.5});
  try {
    context.check_runs(request);
    FAIL();
  } catch (const serve::ApiError& e) {
    EXPECT_EQ(e.status, 400);
    EXPECT_EQ(e.more.param, "logit_bias");
  }
}

TEST(Exchange, TakesOnePieceWhateverItsSize) {
  serve::Exchange exchange([] {});
  exchange.begin({}, "");
  const std::string large(2 * serve::Exchange::kMostWaiting, 'a');
  exchange.write(large);
  EXPECT_FALSE(exchange.gone());
  EXPECT_EQ(exchange.take().text.size(), large.size());
  exchange.write(large);
  exchange.write("more");  // and nobody has read what there is
  EXPECT_TRUE(exchange.gone());
  exchange.end();
}

}  // namespace
}  // namespace rocmforge::test
