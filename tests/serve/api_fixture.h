// A server with a small model of random weights behind it, as `rocmforge serve` makes one.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/chat.h"
#include "engine/fixture.h"
#include "serve/context.h"
#include "serve/http/client.h"
#include "serve/http/server.h"
#include "serve/openai/routes.h"
#include "serve/service.h"

namespace rocmforge::test {

namespace json = boost::json;

// Writes "[role]content" for each message.
inline constexpr const char* kApiTemplate =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}";

struct ApiSetup {
  TinyModel model = {};
  serve::ServiceOptions service = {};
  serve::ContextOptions context = {.model = "tiny"};
  std::optional<std::string> chat_template = kApiTemplate;
  engine::EngineOptions engine = {.max_sequences = 4};
};

class Api : public ::testing::Test {
 protected:
  void start(ApiSetup setup = {}) {
    tiny_ = std::make_unique<TinyEngine>(setup.model, setup.engine);
    engine::Engine& engine = *tiny_->engine;
    if (setup.chat_template) {
      format_.emplace(
          engine.file(), engine.tokenizer(),
          engine::ChatOptions{.chat_template = text::ChatTemplate(*setup.chat_template, "test")});
    }
    service_ = std::make_unique<serve::Service>(setup.service);
    server_ =
        std::make_unique<serve::HttpServer>("127.0.0.1:0", serve::HttpLimits{}, service_->http());
    server_->run(2);
    context_ = std::make_unique<serve::Context>(engine, format_ ? &*format_ : nullptr,
                                                "there is no template", setup.context);
  }
  // start(), and the model is there.
  void open(ApiSetup setup = {}) {
    start(std::move(setup));
    serve::Router router;
    serve::add_openai(router, *context_);
    service_->open(std::move(router));
  }

  void TearDown() override {
    server_.reset();
    if (context_ == nullptr) return;
    EXPECT_TRUE(context_->thread().drain(std::chrono::seconds(30)));
    const serve::ModelThread::Counts counts = context_->thread().counts();
    EXPECT_EQ(counts.n_running + counts.n_waiting, 0U);
  }

  serve::HttpAnswer ask(const std::string& method, const std::string& path,
                        const std::string& body = "", serve::Headers headers = {}) {
    return serve::HttpClient(server_->address())
        .request({.method = method,
                  .path = path,
                  .body = body,
                  .headers = std::move(headers),
                  .timeout = std::chrono::seconds(60)});
  }
  serve::HttpAnswer get(const std::string& path) { return ask("GET", path); }
  // The body of a 200.
  json::value post(const std::string& path, const std::string& body) {
    const serve::HttpAnswer answer = ask("POST", path, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }
  // The error of another status.
  json::value refused(int status, const std::string& path, const std::string& body) {
    const serve::HttpAnswer answer = ask("POST", path, body);
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body).at("error");
  }
  // The events of a stream, whose last was [DONE].
  std::vector<json::value> stream(const std::string& path, const std::string& body) {
    const serve::HttpAnswer answer = ask("POST", path, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "text/event-stream");
    std::vector<json::value> out;
    std::string_view rest = answer.body;
    bool done = false;
    while (!rest.empty()) {
      const std::size_t end = rest.find("\n\n");
      EXPECT_NE(end, rest.npos) << rest;
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 2);
      if (line.starts_with(':')) continue;
      EXPECT_TRUE(line.starts_with("data: ")) << line;
      EXPECT_FALSE(done);
      line.remove_prefix(6);
      done = line == "[DONE]";
      if (!done) out.push_back(json::parse(line));
    }
    EXPECT_TRUE(done);
    return out;
  }
  static std::string str(const json::value& value) {
    return std::string(std::string_view(value.as_string()));
  }

  std::unique_ptr<TinyEngine> tiny_;
  std::optional<engine::ChatFormat> format_;
  std::unique_ptr<serve::Service> service_;
  std::unique_ptr<serve::Context> context_;
  std::unique_ptr<serve::HttpServer> server_;
};

}  // namespace rocmforge::test
