// /v1/models and /v1/chat/completions.
#include <gtest/gtest.h>

#include <set>

#include "serve/api_fixture.h"

namespace rocmforge::test {
namespace {

constexpr const char* kChat = "/v1/chat/completions";

std::string chat(const std::string& more, const std::string& text = "hello") {
  return R"({"messages":[{"role":"user","content":")" + text + R"("}],"temperature":0)" +
         (more.empty() ? "" : ",") + more + "}";
}

TEST_F(Api, ModelsAreTold) {
  open({.context = {.model = "tiny", .aliases = {"org/small"}}});
  const auto list = json::parse(get("/v1/models").body);
  EXPECT_EQ(str(list.at("object")), "list");
  ASSERT_EQ(list.at("data").as_array().size(), 2U);
  EXPECT_EQ(str(list.at("data").at(0).at("id")), "tiny");
  EXPECT_EQ(str(json::parse(get("/v1/models/org%2Fsmall").body).at("id")), "org/small");
  const auto unknown = get("/v1/models/other");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(str(json::parse(unknown.body).at("error").at("code")), "model_not_found");
}

TEST_F(Api, AChatIsAnswered) {
  open();
  const json::value answer = post(kChat, chat(R"("max_tokens":8,"model":"anything")"));
  EXPECT_EQ(str(answer.at("object")), "chat.completion");
  EXPECT_EQ(str(answer.at("model")), "tiny");
  const json::value& choice = answer.at("choices").at(0);
  EXPECT_EQ(str(choice.at("message").at("role")), "assistant");
  EXPECT_TRUE(choice.at("logprobs").is_null());
  const json::value& usage = answer.at("usage");
  EXPECT_LE(usage.at("completion_tokens").as_int64(), 8);
  EXPECT_EQ(usage.at("total_tokens").as_int64(),
            usage.at("completion_tokens").as_int64() + usage.at("prompt_tokens").as_int64());
  // The same as the engine alone.
  engine::Request request = format_->request(
      text::Json::Array{text::Json::Object{{"role", "user"}, {"content", "hello"}}},
      {.max_tokens = 8, .sampling = {.temperature = 0}});
  EXPECT_EQ(usage.at("prompt_tokens").as_int64(), std::ssize(request.prompt));
  server_.reset();
  EXPECT_TRUE(context_->thread().drain(std::chrono::seconds(30)));
  context_.reset();
  EXPECT_EQ(str(choice.at("message").at("content")), tiny_->complete(request).text);
}

TEST_F(Api, AStreamAddsUpToTheAnswer) {
  open();
  const std::string whole =
      str(post(kChat, chat(R"("max_tokens":20)")).at("choices").at(0).at("message").at("content"));
  std::string text;
  const auto events = stream(
      kChat, chat(R"("max_tokens":20,"stream":true,"stream_options":{"include_usage":true})"));
  ASSERT_GT(events.size(), 2U);
  EXPECT_EQ(str(events.front().at("choices").at(0).at("delta").at("role")), "assistant");
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    EXPECT_EQ(str(events[i].at("object")), "chat.completion.chunk");
    EXPECT_TRUE(events[i].at("usage").is_null());
    const json::value& choice = events[i].at("choices").at(0);
    if (const auto* content = choice.at("delta").as_object().if_contains("content")) {
      text += str(*content);
    }
    EXPECT_EQ(choice.at("finish_reason").is_null(), i + 2 < events.size());
  }
  EXPECT_EQ(text, whole);
  EXPECT_TRUE(events.back().at("choices").as_array().empty());
  EXPECT_LE(events.back().at("usage").at("completion_tokens").as_int64(), 20);
  const auto without = stream(kChat, chat(R"("max_tokens":4,"stream":true)"));
  for (const json::value& event : without) EXPECT_FALSE(event.as_object().contains("usage"));
}

TEST_F(Api, SeveralAnswersDifferByTheirNumbers) {
  open();
  const json::value answer =
      post(kChat, R"({"messages":[{"role":"user","content":"a"}],"n":5,"seed":3,"max_tokens":12})");
  ASSERT_EQ(answer.at("choices").as_array().size(), 5U);
  std::set<std::string> texts;
  for (std::int64_t i = 0; i < 5; ++i) {
    const json::value& choice = answer.at("choices").at(static_cast<std::size_t>(i));
    EXPECT_EQ(choice.at("index").as_int64(), i);
    texts.insert(str(choice.at("message").at("content")));
  }
  EXPECT_GT(texts.size(), 1U);
}

TEST_F(Api, WhatAChatMayNotBe) {
  open();
  const auto param = [&](const std::string& body) {
    const json::value error = refused(400, kChat, body);
    return error.at("param").is_null() ? std::string() : str(error.at("param"));
  };
  EXPECT_EQ(param("{}"), "messages");
  EXPECT_EQ(param(R"({"messages":[]})"), "messages");
  EXPECT_EQ(param(R"({"messages":"hello"})"), "messages");
  EXPECT_EQ(param(R"({"messages":[{"role":"king","content":"a"}]})"), "messages[0].role");
  EXPECT_EQ(param(R"({"messages":[{"role":"user"}]})"), "messages[0].content");
  EXPECT_EQ(param(R"({"messages":[{"role":"user","content":7}]})"), "messages[0].content");
  EXPECT_EQ(param(R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})"),
            "messages[0].content[0].type");
  EXPECT_EQ(param(chat(R"("top_p":2)")), "top_p");
  EXPECT_EQ(param(chat(R"("temperature":-1,"x":1)")), "temperature");
  EXPECT_EQ(param(chat(R"("max_tokens":"many")")), "max_tokens");
  EXPECT_EQ(param(chat(R"("max_tokens":1.5)")), "max_tokens");
  EXPECT_EQ(param(chat(R"("presence_penalty":3)")), "presence_penalty");
  EXPECT_EQ(param(chat(R"("n":0)")), "n");
  EXPECT_EQ(param(chat(R"("top_logprobs":2)")), "top_logprobs");
  EXPECT_EQ(param(chat(R"("logprobs":true,"top_logprobs":21)")), "top_logprobs");
  EXPECT_EQ(param(chat(R"("logit_bias":{"99999":1})")), "logit_bias.99999");
  EXPECT_EQ(param(chat(R"("stop":["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f",
                                  "g","h"])")),
            "stop");
  EXPECT_EQ(param(chat(R"("stream_options":{"include_usage":true})")), "stream_options");
  for (const char* body : {"", "[]", "7", "{", "{\"a\":\xff}", "{} {}", "null"}) {
    EXPECT_EQ(param(body), "") << body;
  }
  EXPECT_EQ(param(std::string(10000, '[') + std::string(10000, ']')), "");
}

TEST_F(Api, APromptThatIsTooLongSaysSo) {
  open();
  const std::string text(2000, 'q');
  const json::value error = refused(400, kChat, chat(R"("stream":true)", text));
  EXPECT_EQ(str(error.at("code")), "context_length_exceeded");
}

TEST_F(Api, AServersOwnSystemMessageGivesWay) {
  open({.context = {.model = "tiny", .system = "be kind"}});
  const auto prompt = [&](const std::string& messages) {
    return str(post("/apply-template", R"({"messages":[)" + messages + "]}").at("prompt"));
  };
  const std::string asks = R"({"role":"user","content":"a"})";
  EXPECT_EQ(prompt(asks), "[system]be kind[user]a[assistant]");
  for (const char* role : {"system", "developer"}) {
    EXPECT_EQ(prompt(R"({"role":")" + std::string(role) + R"(","content":"x"},)" + asks),
              "[system]x[user]a[assistant]");
  }
}

TEST_F(Api, ThinkingIsToldAsTheServerSaysUnlessTheRequestDoes) {
  constexpr const char* kThinks =
      "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n{% if 0 %}</think>{% endif %}";
  for (const bool apart : {true, false}) {
    open({.context = {.model = "tiny", .reasoning_apart = apart}, .chat_template = kThinks});
    for (const char* format : {"", "auto", "none"}) {
      const std::string more =
          *format == '\0' ? "" : R"("reasoning_format":")" + std::string(format) + R"(",)";
      const json::value answer = post(kChat, chat(more + R"("max_tokens":6,"ignore_eos":true)"));
      const json::object& message = answer.at("choices").at(0).at("message").as_object();
      const bool told_apart = *format == '\0' ? apart : std::string(format) == "auto";
      EXPECT_EQ(message.contains("reasoning_content"), told_apart) << format;
      EXPECT_EQ(str(message.at("content")).empty(), told_apart) << format;
    }
    server_.reset();
    context_.reset();
  }
}

TEST_F(Api, AModelWithoutATemplateSaysWhatHelps) {
  open({.chat_template = std::nullopt});
  EXPECT_EQ(str(refused(400, kChat, chat("")).at("message")), "there is no template");
}

}  // namespace
}  // namespace rocmforge::test
