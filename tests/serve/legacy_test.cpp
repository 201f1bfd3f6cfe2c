// The first program's HTTP interface, health and metrics, over a small model.
#include <future>
#include <regex>
#include <set>
#include <thread>

#include "serve/api_fixture.h"
#include "serve/legacy/requests.h"
#include "serve/legacy/routes.h"
#include "serve/metrics/metrics.h"
#include "serve/raw_client.h"

namespace rocmforge::test {
namespace {

using namespace std::chrono_literals;
using serve::HttpAnswer;

class Legacy : public Api {
 protected:
  void open(ApiSetup setup = {}) {
    setup.model.n_ctx = setup.engine.n_ctx = 9000;  // endless() takes half a second, and no less
    start(std::move(setup));
    serve::Router router;
    serve::add_openai(router, *context_);
    serve::add_metrics(router, serve::Metrics::make(*context_, tiny_->counters));
    serve::add_legacy(router, *context_, *service_, {.path = "tiny.gguf", .tokenizer = ""});
    service_->open(std::move(router));
  }

  // A request that goes on until it is cancelled, in practice.
  static std::string endless(const std::string& more = "") {
    return R"({"prompt":"hello","max_tokens":8192,"ignore_eos":true)" + more + "}";
  }
  std::vector<json::value> events(const std::string& body) {
    const HttpAnswer answer = ask("POST", "/generate/stream", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "text/event-stream");
    std::vector<json::value> out;
    std::string_view rest = answer.body;
    while (!rest.empty()) {
      const std::size_t end = rest.find("\n\n");
      if (end == rest.npos || !rest.starts_with("data: {")) {
        ADD_FAILURE() << rest;
        break;
      }
      out.push_back(json::parse(rest.substr(6, end - 6)));
      rest.remove_prefix(end + 2);
    }
    return out;
  }
  double metric(const std::string& name) {
    const std::string text = "\n" + get("/metrics").body;
    const std::size_t at = text.find("\n" + name + " ");
    if (at == text.npos) {
      ADD_FAILURE() << name;
      return -1;
    }
    return std::stod(text.substr(at + name.size() + 2));
  }
  template <class Condition>
  static bool soon(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
};

TEST_F(Legacy, GenerateAnswersInTheOldForm) {
  open();
  const json::value a = post("/generate", R"({"prompt":"hello","max_tokens":9,"temperature":0})");
  EXPECT_EQ(a.at("request_id").as_int64(), 0);
  EXPECT_TRUE(a.at("finished").as_bool());
  engine::Request request = tiny_->request("hello", 9);
  request.sampling.temperature = 0;
  EXPECT_FALSE(str(a.at("text")).empty());
  const std::set<std::string> reasons = {"completed", "length"};
  EXPECT_TRUE(reasons.contains(str(a.at("finish_reason"))));
  EXPECT_LE(a.at("tokens").as_array().size(), 9U);
  EXPECT_EQ(json::serialize(json::parse(get("/status/0").body)), json::serialize(a));
}

TEST_F(Legacy, AStreamHasAnEventATokenAndTheSameText) {
  open();
  for (const char* more : {"", R"(,"ignore_eos":true)", R"(,"stop":["e","a","o"])"}) {
    const std::string body =
        std::string(R"({"prompt":"hello","max_tokens":40,"temperature":0)") + more + "}";
    const json::value whole = post("/generate", body);
    const auto all = events(body);
    ASSERT_FALSE(all.empty());
    std::string text;
    json::array tokens;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool last = i + 1 == all.size();
      text += str(all[i].at("text"));
      tokens.push_back(all[i].at("token"));
      EXPECT_EQ(all[i].at("finished").as_bool(), last);
      EXPECT_EQ(all[i].at("finish_reason").is_null(), !last);
      EXPECT_EQ(all[i].at("request_id"), all[0].at("request_id"));
    }
    EXPECT_EQ(text, str(whole.at("text"))) << more;
    EXPECT_EQ(all.back().at("finish_reason"), whole.at("finish_reason"));
    const json::array& expected = whole.at("tokens").as_array();
    if (tokens.size() == expected.size() + 1) tokens.pop_back();  // the one that ends a text
    EXPECT_EQ(json::serialize(tokens), json::serialize(expected)) << more;
  }
}

TEST_F(Legacy, TheSeedIsHeard) {
  open();
  const auto text = [&](int seed) {
    return json::serialize(post("/generate", R"({"prompt":"hello","max_tokens":30,"seed":)" +
                                                 std::to_string(seed) + "}")
                               .at("tokens"));
  };
  EXPECT_EQ(text(5), text(5));
  EXPECT_NE(text(5), text(6));
}

TEST_F(Legacy, RangesAreTheOldOnes) {
  open();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("max_tokens":0)", "Invalid max_tokens: must be greater than 0"},
      {R"("max_tokens":-4)", "Invalid max_tokens: must be greater than 0"},
      {R"("max_tokens":8193)", "Invalid max_tokens: 8193 exceeds maximum of 8192"},
      {R"("temperature":-0.5)", "Invalid temperature: -0.5 must be non-negative"},
      {R"("top_k":0)", "Invalid top_k: must be greater than 0"},
      {R"("top_p":0)", "Invalid top_p: 0 must be in range (0.0, 1.0]"},
      {R"("top_p":1.5)", "Invalid top_p: 1.5 must be in range (0.0, 1.0]"}};
  for (const char* path : {"/generate", "/generate/stream"}) {
    for (const auto& [field, message] : cases) {
      const HttpAnswer answer = ask("POST", path, R"({"prompt":"hello",)" + field + "}");
      EXPECT_EQ(answer.status, 400);
      const json::value error = json::parse(answer.body);
      EXPECT_EQ(str(error.at("error")), message);
      EXPECT_EQ(str(error.at("status")), "error");
      EXPECT_EQ(str(error.at("category")), "user");
      EXPECT_FALSE(error.at("recoverable").as_bool());
    }
    for (const std::string bad :
         {"", "[]", "{", "{}", R"({"prompt":5})", R"({"prompt":"a","max_tokens":"9"})",
          R"({"prompt":"a","top_k":[]})", R"({"prompt":"a","stop":7})"}) {
      EXPECT_EQ(ask("POST", path, bad).status, 400) << bad;
    }
    const std::string longer(20'000, 'q');
    EXPECT_EQ(ask("POST", path, R"({"prompt":")" + longer + "\"}").status, 400);
  }
}

TEST_F(Legacy, OneIsCancelledByItsNumberOrItsTag) {
  open();
  HttpAnswer whole;
  std::jthread client(
      [&] { whole = ask("POST", "/generate", endless(), {{"X-Request-Tag", "t1"}}); });
  EXPECT_TRUE(soon([&] { return get("/status/0").status == 200; }));
  EXPECT_FALSE(json::parse(get("/status/0").body).at("finished").as_bool());
  const json::value cancelled = post("/cancel/t1", "");
  client.join();
  EXPECT_EQ(str(cancelled.at("finish_reason")), "cancelled");
  EXPECT_TRUE(cancelled.at("finished").as_bool());
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(json::serialize(json::parse(whole.body)), json::serialize(cancelled));
  EXPECT_EQ(json::serialize(post("/cancel/0", "")), json::serialize(cancelled));  // and again
}

TEST_F(Legacy, UnknownOnesAreNotFound) {
  open();
  for (const char* path : {"/status/0", "/status/99", "/status/x", "/status/-1"}) {
    const HttpAnswer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(str(json::parse(answer.body).at("status")), "error");
  }
  EXPECT_EQ(ask("POST", "/cancel/7").status, 404);
}

TEST_F(Legacy, AClientThatLeavesEndsItsRequest) {
  open();
  for (const char* path : {"/generate", "/generate/stream"}) {
    const double before = metric("rocmforge_requests_cancelled_total");
    RawClient client(server_->address());
    const std::string body = endless();
    client.send("POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_TRUE(soon([&] { return metric("rocmforge_active_requests") == 1; }));
    client.close();
    EXPECT_TRUE(soon([&] { return metric("rocmforge_requests_cancelled_total") > before; }));
    EXPECT_EQ(metric("rocmforge_active_requests"), 0);
  }
}

TEST_F(Legacy, AFullQueueIsA503ThatMayPass) {
  ApiSetup setup;
  setup.engine.max_sequences = 1;
  setup.context.max_queue = 1;
  open(std::move(setup));
  // One has the place and does not come forward, one waits: there is no room, however long it
  // takes.
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  engine::TextSinks sinks;
  sinks.token = [opened](const engine::TokenPiece&) { opened.wait(); };
  for (int i = 0; i < 2; ++i) {
    context_->submit(tiny_->request("hello", 3), sinks, [](const engine::Result&) {});
  }
  for (const char* path : {"/generate", "/generate/stream"}) {
    const HttpAnswer answer = ask("POST", path, endless());
    EXPECT_EQ(answer.status, 503);
    EXPECT_FALSE(answer.header("retry-after").empty());
    const json::value error = json::parse(answer.body);
    EXPECT_TRUE(error.at("recoverable").as_bool());
    EXPECT_EQ(str(error.at("category")), "recoverable");
  }
  gate.set_value();
}

TEST_F(Legacy, ModelsAreTold) {
  open();
  const json::value model = json::parse(get("/models").body).at("models").at(0);
  EXPECT_EQ(str(model.at("name")), "tiny");
  EXPECT_EQ(str(model.at("path")), "tiny.gguf");
  EXPECT_TRUE(model.at("tokenizer").is_null());
  const json::value& data = model.at("metadata");
  EXPECT_EQ(data.at("num_layers").as_int64(), tiny_->engine->params().n_layers);
  EXPECT_EQ(data.at("hidden_size").as_int64(), tiny_->engine->params().dim);
  EXPECT_EQ(data.at("vocab_size").as_int64(), tiny_->engine->params().n_vocab);
  EXPECT_TRUE(data.at("has_tokenizer").as_bool());
}

TEST_F(Legacy, HealthAndReadiness) {
  start();
  EXPECT_EQ(get("/ready").status, 503);
  serve::Router router;
  serve::add_legacy(router, *context_, *service_, {});
  service_->open(std::move(router));
  const json::value health = json::parse(get("/health").body);
  EXPECT_EQ(str(health.at("status")), "healthy");
  EXPECT_EQ(str(health.at("service")), "rocmforge");
  for (const char* check : {"engine", "gpu", "requests", "cache"}) {
    EXPECT_TRUE(health.at("checks").as_object().contains(check)) << check;
  }
  EXPECT_EQ(get("/ready").body, R"({"ready":true,"service":"rocmforge"})");
  service_->close();
  const HttpAnswer closing = get("/ready");
  EXPECT_EQ(closing.status, 503);
  EXPECT_FALSE(closing.header("retry-after").empty());
  EXPECT_NE(closing.body.find("shutting down"), std::string::npos);
  EXPECT_EQ(get("/health").status, 200);
}

// Each line by the format's own rules; types before samples, histograms that add up.
TEST_F(Legacy, MetricsAreInPrometheussForm) {
  ApiSetup setup;
  setup.context.model = "a \"b\"\\c";
  open(std::move(setup));
  post("/generate", R"({"prompt":"hello","max_tokens":20,"ignore_eos":true})");
  const HttpAnswer answer = get("/metrics");
  EXPECT_TRUE(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
  const std::regex meta("# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
  const std::regex sample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? ([-+0-9.eInf]+))re");
  std::map<std::string, std::string> types;
  std::set<std::string> seen;
  std::istringstream lines(answer.body);
  double last_bucket = 0;
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (line.starts_with("#")) {
      ASSERT_TRUE(std::regex_match(line, found, meta)) << line;
      if (found[1] == "TYPE") {
        EXPECT_TRUE(types.emplace(found[2], found[3]).second) << line << ": twice";
      }
      continue;
    }
    ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line << ": twice";
    const std::string name = found[1];
    const double value = std::stod(found[5]);
    if (types.contains(name)) {
      EXPECT_EQ(types[name] == "counter", name.ends_with("_total")) << name;
      continue;
    }
    const std::string base = name.substr(0, name.rfind('_'));
    ASSERT_EQ(types[base], "histogram") << line;
    if (name.ends_with("_bucket")) {
      if (line.find("le=\"0.001\"") != line.npos) last_bucket = 0;
      EXPECT_GE(value, last_bucket) << line;
      last_bucket = value;
    } else if (name.ends_with("_count")) {
      EXPECT_EQ(value, last_bucket) << line;
    }
  }
  EXPECT_TRUE(seen.contains(R"(vllm:num_requests_running{model_name="a \"b\"\\c"})"));
  EXPECT_GT(types.size(), 40U);
}

TEST_F(Legacy, MetricsCountWhatHappened) {
  open();
  EXPECT_EQ(metric("rocmforge_requests_started_total"), 0);
  post("/generate", R"({"prompt":"hello","max_tokens":20,"ignore_eos":true})");
  post("/v1/completions", R"({"prompt":"hello","max_tokens":5,"ignore_eos":true})");
  const std::string model = R"({model_name="tiny"})";
  EXPECT_EQ(metric("rocmforge_requests_started_total"), 2);
  EXPECT_EQ(metric("rocmforge_requests_completed_total"), 2);
  EXPECT_EQ(metric("rocmforge_tokens_generated_total"), 25);
  EXPECT_EQ(metric("vllm:generation_tokens_total" + model), 25);
  EXPECT_EQ(metric("rocmforge_ttft_seconds_count"), 2);
  EXPECT_EQ(metric("vllm:inter_token_latency_seconds_count" + model), 23);
  EXPECT_EQ(metric("vllm:e2e_request_latency_seconds_count" + model), 2);
  EXPECT_EQ(metric("vllm:kv_cache_usage_perc" + model), 0);
  EXPECT_EQ(metric(R"(vllm:request_success_total{model_name="tiny",finished_reason="length"})"), 2);
  EXPECT_EQ(metric("rocmforge_active_requests"), 0);
  EXPECT_EQ(metric("rocmforge_queue_length"), 0);
  EXPECT_EQ(metric("rocmforge_file_parses_total"), 1);
  const double builds = metric("rocmforge_graph_builds_total");
  post("/generate", R"({"prompt":"hello","max_tokens":20})");
  EXPECT_EQ(metric("rocmforge_graph_builds_total"), builds);
}

TEST(LegacyMemory, ForgetsTheOldest) {
  serve::LegacyRequests all;
  const auto open = all.add("");
  for (std::size_t i = 0; i <= serve::LegacyRequests::kMostEnded; ++i) all.ended(all.add("")->id());
  EXPECT_EQ(all.find("0"), open);
  EXPECT_EQ(all.find("1"), nullptr);
  EXPECT_NE(all.find("2"), nullptr);
}

TEST(TokenRate, IsOfWholeSeconds) {
  serve::TokenRate rate;
  EXPECT_EQ(rate.read(5), 0);
  for (int i = 0; i < 30; ++i) rate.add(5);
  EXPECT_EQ(rate.read(5), 0);
  EXPECT_EQ(rate.read(6), 30);
  EXPECT_EQ(rate.read(7), 15);
  for (int i = 0; i < 10; ++i) rate.add(6);
  EXPECT_EQ(rate.read(7), 20);
  EXPECT_EQ(rate.read(100), 0);
}

}  // namespace
}  // namespace rocmforge::test
