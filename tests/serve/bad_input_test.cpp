// Whatever a client sends gets an answer of the 4xx kind; whatever a model says, a 200.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "serve/api_fixture.h"
#include "serve/raw_client.h"
#include "text/utf8.h"

namespace rocmforge::test {
namespace {

constexpr const char* kCompletions = "/v1/completions";
constexpr const char* kChat = "/v1/chat/completions";
constexpr const char* kPaths[] = {kCompletions, kChat,         "/v1/embeddings",
                                  "/tokenize",  "/detokenize", "/apply-template"};

class BadInput : public Api {
 protected:
  void serves() { post(kCompletions, R"({"prompt":"hello","max_tokens":2})"); }
  static std::string repeated(const std::string& text, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += text;
    return out;
  }
};

TEST_F(BadInput, NestingIsLimited) {
  open();
  for (const char* path : kPaths) {
    for (const auto& [open_with, close_with] :
         std::vector<std::pair<std::string, std::string>>{{"[", "]"}, {"{\"a\":", "}"}}) {
      const std::string deep = repeated(open_with, 10'000);
      EXPECT_EQ(ask("POST", path, deep).status, 400) << path;
      for (const char* member : {"prompt", "messages", "input", "tools", "logit_bias", "x"}) {
        const std::string whole = R"({")" + std::string(member) + R"(":)" + deep + "1" +
                                  repeated(close_with, 10'000) + "}";
        EXPECT_EQ(ask("POST", path, whole).status, 400) << path << " " << member;
      }
    }
  }
  serves();
}

TEST_F(BadInput, NulAndInvalidUtf8) {
  open();
  const json::value said =
      post(kCompletions, R"({"prompt":"a\u0000b\u0001","max_tokens":2,"echo":true})");
  EXPECT_TRUE(str(said.at("choices").at(0).at("text")).starts_with(std::string("a\0b\x01", 4)));
  post(kChat, R"({"messages":[{"role":"user","content":"\u0000"}],"max_tokens":2})");
  for (const std::string& bytes :
       {std::string("\xff"), std::string("\xc3("), std::string("\xed\xa0\x80"),
        std::string("\\ud800"), std::string("\\udc00\\ud800"), std::string("a\0b", 3)}) {
    EXPECT_EQ(ask("POST", kCompletions, R"({"prompt":")" + bytes + "\"}").status, 400) << bytes;
    EXPECT_EQ(
        ask("POST", kChat, R"({"messages":[{"role":"user","content":")" + bytes + "\"}]}").status,
        400)
        << bytes;
  }
  serves();
}

TEST_F(BadInput, ThousandsOfStopStrings) {
  open();
  const auto stops = [](int n, const std::string& one) {
    std::string out = R"({"prompt":"hello","max_tokens":3,"stop":[)";
    for (int i = 0; i < n; ++i) out.append(i == 0 ? "" : ",").append("\"" + one + "\"");
    return out + "]}";
  };
  EXPECT_EQ(str(refused(400, kCompletions, stops(5000, "s")).at("param")), "stop");
  EXPECT_EQ(str(refused(400, kCompletions, stops(1, std::string(100'000, 's'))).at("param")),
            "stop[0]");
  post(kCompletions, stops(16, std::string(4000, 's')));
}

TEST_F(BadInput, AFloodIsToldToComeAgain) {
  ApiSetup setup;
  setup.engine.max_sequences = 1;
  setup.context.max_queue = 2;
  open(std::move(setup));
  // One has the place and does not come forward, two wait: nobody else is taken.
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  engine::TextSinks sinks;
  sinks.token = [opened](const engine::TokenPiece&) { opened.wait(); };
  for (int i = 0; i < 3; ++i) {
    context_->submit(tiny_->request("hello", 3), sinks, [](const engine::Result&) {});
  }
  for (int i = 0; i < 20; ++i) {
    for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
             {kCompletions, R"({"prompt":"hello"})"},
             {kCompletions, R"({"prompt":["hello","a"],"n":3,"stream":true})"},
             {kChat, R"({"messages":[{"role":"user","content":"a"}],"stream":true})"},
             {"/v1/embeddings", R"({"input":["a","b"]})"}}) {
      const serve::HttpAnswer answer = ask("POST", path, body);
      EXPECT_EQ(answer.status, 429) << path;
      EXPECT_FALSE(answer.header("retry-after").empty());
      EXPECT_EQ(str(json::parse(answer.body).at("error").at("code")), "rate_limit_exceeded");
    }
  }
  gate.set_value();
  bool served = false;
  for (int i = 0; i < 1000 && !served; ++i) {
    served = ask("POST", kCompletions, R"({"prompt":"hello","max_tokens":2})").status == 200;
    if (!served) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(served);
}

// More than all places of the cache hold, each going on until its context is full.
TEST_F(BadInput, AFullCacheEndsAnswersInForm) {
  ApiSetup setup;
  setup.engine.max_sequences = 3;
  setup.engine.n_ctx = 64;
  open(std::move(setup));
  const json::value answer = post(
      kCompletions, R"({"prompt":["hello","a","hello hello","a a a"],"n":3,"max_tokens":100000,)"
                    R"("ignore_eos":true})");
  ASSERT_EQ(answer.at("choices").as_array().size(), 12U);
  for (const json::value& choice : answer.at("choices").as_array()) {
    EXPECT_EQ(str(choice.at("finish_reason")), "length");
  }
  EXPECT_GT(answer.at("usage").at("completion_tokens").as_int64(), 12 * 40);
  serves();
}

TEST_F(BadInput, WhateverAModelSaysIsA200) {
  open();
  for (int seed = 0; seed < 12; ++seed) {
    const std::string more = R"("ignore_eos":true,"max_tokens":60,"temperature":2,"seed":)" +
                             std::to_string(seed) + R"(,"logprobs":)";
    for (const char* streams : {"", R"(,"stream":true)"}) {
      for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
               {kCompletions, R"({"prompt":"hello",)" + more + "3" + streams + "}"},
               {kChat, R"({"messages":[{"role":"user","content":"a"}],)" + more + "true" + streams +
                           "}"}}) {
        const serve::HttpAnswer answer = ask("POST", path, body);
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(text::find_invalid_utf8(answer.body), std::string_view::npos);
        if (*streams == '\0') {
          EXPECT_NO_THROW(json::parse(answer.body));
        } else {
          EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
        }
      }
    }
  }
}

TEST_F(BadInput, EarlyResetsLeaveNothingBehind) {
  open();
  const std::string body = R"({"prompt":"hello","max_tokens":400,"ignore_eos":true,"stream":true})";
  const std::string request =
      "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  for (std::size_t n = 0; n <= request.size(); n += 7) {
    RawClient client(server_->address());
    client.send(std::string_view(request).substr(0, n));
    client.reset();
  }
  serves();  // and at the end of the test nothing runs
}

TEST_F(BadInput, NumbersBeyondAllLimits) {
  open();
  for (const char* name : {"max_tokens", "n", "top_k", "seed", "logprobs", "repeat_last_n",
                           "dry_penalty_last_n", "temperature", "top_p", "min_p", "mirostat_tau"}) {
    for (const char* value : {"1e999", "-1e999", "1e308", "-1e308", "99999999999999999999999999"}) {
      const serve::HttpAnswer answer =
          ask("POST", kCompletions,
              R"({"prompt":"a","max_tokens":2,")" + std::string(name) + "\":" + value + "}");
      EXPECT_TRUE(answer.status == 400 || answer.status == 200) << name << value << answer.body;
      EXPECT_NO_THROW(json::parse(answer.body)) << answer.body;
    }
  }
  serves();
}

}  // namespace
}  // namespace rocmforge::test
