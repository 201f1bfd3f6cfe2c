// What is told of prompts: echo, their log-probabilities, embeddings, and how long they may be.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <future>

#include "serve/api_fixture.h"

namespace rocmforge::test {
namespace {

constexpr const char* kPath = "/v1/completions";
constexpr const char* kEmbeddings = "/v1/embeddings";

class Prompts : public Api {
 protected:
  static std::vector<double> numbers(const json::value& list) {
    std::vector<double> out;
    for (const json::value& x : list.as_array()) out.push_back(x.to_number<double>());
    return out;
  }
  std::string ids_of(const std::string& text) {
    return json::serialize(
        post("/tokenize", R"({"add_special":true,"content":")" + text + "\"}").at("tokens"));
  }
};

// As lm-evaluation-harness asks for the likelihood of a text.
TEST_F(Prompts, EchoWithLogProbsTellsThePrompt) {
  open();
  const std::string ids = ids_of("hello a");
  const auto n_prompt = json::parse(ids).as_array().size();
  for (const std::string& prompt : {std::string("\"hello a\""), ids}) {
    for (const std::size_t n : {0U, 1U, 3U}) {
      const json::value answer = post(
          kPath, R"({"echo":true,"logprobs":2,"temperature":0,"ignore_eos":true,"max_tokens":)" +
                     std::to_string(n) + R"(,"prompt":)" + prompt + "}");
      const json::value& choice = answer.at("choices").at(0);
      EXPECT_TRUE(str(choice.at("text")).starts_with("hello a"));
      if (n == 0) {
        EXPECT_EQ(str(choice.at("text")), "hello a");
      }
      EXPECT_EQ(str(choice.at("finish_reason")), "length");
      const json::value& told = choice.at("logprobs");
      for (const char* name : {"tokens", "token_logprobs", "top_logprobs", "text_offset"}) {
        EXPECT_EQ(told.at(name).as_array().size(), n_prompt + n) << name;
      }
      EXPECT_TRUE(told.at("token_logprobs").at(0).is_null());
      EXPECT_TRUE(told.at("top_logprobs").at(0).is_null());
      for (std::size_t i = 1; i < n_prompt + n; ++i) {
        const double own = told.at("token_logprobs").at(i).to_number<double>();
        EXPECT_LE(own, 0);
        double best = -1e9;
        for (const auto& [text, value] : told.at("top_logprobs").at(i).as_object()) {
          best = std::max(best, value.to_number<double>());
        }
        EXPECT_GE(best, own);
        if (i >= n_prompt) {
          EXPECT_EQ(best, own);  // greedy
        }
      }
      const std::vector<double> offsets = numbers(told.at("text_offset"));
      EXPECT_EQ(offsets.front(), 0);
      EXPECT_TRUE(std::is_sorted(offsets.begin(), offsets.end()));
      if (n > 0) {
        EXPECT_EQ(offsets[n_prompt], 7);
      }
      EXPECT_EQ(answer.at("usage").at("completion_tokens").as_int64(), std::int64_t(n));
    }
  }
}

TEST_F(Prompts, EchoAgreesWithGeneration) {
  open();
  engine::Request request = tiny_->request("hello", 6);
  request.ignore_eos = true;
  request.sampling.n_logprobs = 0;
  std::promise<engine::Completion> promise;
  context_->submit(request, {}, [&](engine::Result result) {
    promise.set_value(std::get<engine::Completion>(std::move(result)));
  });
  const engine::Completion made = promise.get_future().get();
  json::array ids;
  for (const text::TokenId id : request.prompt) ids.push_back(id);
  for (const text::TokenId id : made.tokens) ids.push_back(id);
  const json::value answer = post(
      kPath, R"({"logprobs":0,"echo":true,"max_tokens":0,"prompt":)" + json::serialize(ids) + "}");
  const json::array& told =
      answer.at("choices").at(0).at("logprobs").at("token_logprobs").as_array();
  ASSERT_EQ(told.size(), ids.size());
  for (std::size_t i = 0; i < made.tokens.size(); ++i) {
    EXPECT_NEAR(made.log_probs[i].chosen.log_prob,
                told[request.prompt.size() + i].to_number<double>(), 1e-3);
  }
}

// Who sums all but the last one's likelihood counts on it to be there.
TEST_F(Prompts, TheTokenThatEndsAnEchoedTextIsListed) {
  open();
  const json::value answer =
      post(kPath, R"({"prompt":"hello","echo":true,"logprobs":1,"max_tokens":1,"temperature":0,)"
                  R"("logit_bias":{"2":100}})");
  EXPECT_EQ(answer.at("usage").at("completion_tokens").as_int64(), 0);
  const json::value& choice = answer.at("choices").at(0);
  EXPECT_EQ(str(choice.at("finish_reason")), "stop");
  EXPECT_EQ(choice.at("logprobs").at("tokens").as_array().size(),
            json::parse(ids_of("hello")).as_array().size() + 1);
  EXPECT_LE(choice.at("logprobs").at("token_logprobs").as_array().back().to_number<double>(), 0);
}

TEST_F(Prompts, AStreamedEchoIsTheSame) {
  open();
  for (const char* more :
       {R"(,"logprobs":1)", "", R"(,"logprobs":1,"max_tokens":0)", R"(,"max_tokens":0)"}) {
    const std::string body =
        R"({"prompt":["hello","a a"],"n":2,"seed":4,"echo":true,"temperature":0.5)" +
        std::string(more) + "}";
    const json::value whole = post(kPath, body);
    std::vector<std::string> texts(4);
    std::vector<json::array> tokens(4), values(4), offsets(4);
    const auto events = stream(kPath, body.substr(0, body.size() - 1) + R"(,"stream":true})");
    for (const json::value& event : events) {
      const json::value& choice = event.at("choices").at(0);
      const auto i = static_cast<std::size_t>(choice.at("index").as_int64());
      texts[i] += str(choice.at("text"));
      const json::value& told = choice.at("logprobs");
      if (told.is_null()) continue;
      for (const json::value& x : told.at("tokens").as_array()) tokens[i].push_back(x);
      for (const json::value& x : told.at("token_logprobs").as_array()) values[i].push_back(x);
      for (const json::value& x : told.at("text_offset").as_array()) offsets[i].push_back(x);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const json::value& choice = whole.at("choices").at(i);
      EXPECT_EQ(texts[i], str(choice.at("text"))) << more;
      if (choice.at("logprobs").is_null()) continue;
      EXPECT_EQ(tokens[i], choice.at("logprobs").at("tokens").as_array());
      EXPECT_EQ(values[i], choice.at("logprobs").at("token_logprobs").as_array());
      EXPECT_EQ(offsets[i], choice.at("logprobs").at("text_offset").as_array());
    }
  }
}

// Each choice's, before its own text: not all at once.
TEST_F(Prompts, AStreamTellsAnEchoWithItsChoice) {
  ApiSetup setup;
  setup.engine.max_sequences = 1;
  open(std::move(setup));
  std::vector<std::int64_t> order;
  const auto events =
      stream(kPath, R"({"prompt":["hello","a a","a"],"echo":true,"stream":true,"max_tokens":8})");
  for (const json::value& event : events) {
    const std::int64_t i = event.at("choices").at(0).at("index").as_int64();
    if (order.empty() || order.back() != i) order.push_back(i);
  }
  EXPECT_EQ(order, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST_F(Prompts, NoTokensWithoutEchoAreRefused) {
  open();
  EXPECT_EQ(str(refused(400, kPath, R"({"prompt":"a","max_tokens":0})").at("param")), "max_tokens");
}

TEST_F(Prompts, TokensOfAStopStringAreNotListed) {
  open();
  for (const char* stop : {"cd", "abc", "fgh", "z", "h"}) {
    const std::string more = R"(,"temperature":0,"max_tokens":20,"stop":")" + std::string(stop) +
                             R"(","grammar":"root ::= \"abcdefgh\""})";
    const json::value choice =
        post(kPath, R"({"prompt":"hello","logprobs":0)" + more).at("choices").at(0);
    const std::string expected =
        std::string("abcdefgh").substr(0, std::string("abcdefgh").find(stop));
    EXPECT_EQ(str(choice.at("text")), expected);
    std::string listed;
    for (const json::value& token : choice.at("logprobs").at("tokens").as_array()) {
      listed += str(token);
    }
    EXPECT_TRUE(listed.starts_with(expected)) << listed;
    // A token may hold the cut; the one before it does not.
    EXPECT_LE(listed.size(), expected.size() + (expected.size() == 8 ? 0 : 4)) << listed;
    if (expected.empty()) {
      EXPECT_EQ(listed, "");
    }
    const json::value chat =
        post("/v1/chat/completions",
             R"({"messages":[{"role":"user","content":"hello"}],"logprobs":true)" + more)
            .at("choices")
            .at(0);
    std::string in_chat;
    for (const json::value& token : chat.at("logprobs").at("content").as_array()) {
      in_chat += str(token.at("token"));
    }
    EXPECT_TRUE(in_chat.starts_with(expected)) << in_chat;
    EXPECT_LE(in_chat.size(), listed.size() + 3);
  }
}

TEST_F(Prompts, LogProbsAreLimited) {
  open();
  std::string prompts;
  for (int i = 0; i < 16; ++i) prompts += i == 0 ? "\"a\"" : ",\"a\"";
  const json::value error = refused(400, kPath,
                                    R"({"prompt":[)" + prompts +
                                        R"(],"n":128,"logprobs":20,)"
                                        R"("max_tokens":400})");
  EXPECT_EQ(str(error.at("param")), "logprobs");
}

TEST_F(Prompts, EmbeddingsAreOfUnitLengthAndOneAText) {
  for (const engine::Embedding kind : {engine::Embedding::kMean, engine::Embedding::kLast}) {
    open({.context = {.model = "tiny", .embedding = kind}});
    const std::string ids = ids_of("hello a");
    const json::value answer =
        post(kEmbeddings, R"({"model":"m","input":["hello a","a",)" + ids + "]}");
    EXPECT_EQ(str(answer.at("object")), "list");
    ASSERT_EQ(answer.at("data").as_array().size(), 3U);
    std::vector<std::vector<double>> vectors;
    for (std::size_t i = 0; i < 3; ++i) {
      const json::value& one = answer.at("data").at(i);
      EXPECT_EQ(one.at("index").as_int64(), std::int64_t(i));
      vectors.push_back(numbers(one.at("embedding")));
      ASSERT_EQ(vectors.back().size(), 64U);
      double sum = 0;
      for (const double x : vectors.back()) sum += x * x;
      EXPECT_NEAR(sum, 1, 1e-5);
    }
    for (std::size_t i = 0; i < 64; ++i) EXPECT_NEAR(vectors[0][i], vectors[2][i], 1e-5);
    EXPECT_NE(vectors[0], vectors[1]);
    const std::int64_t n = answer.at("usage").at("prompt_tokens").as_int64();
    EXPECT_GT(n, std::int64_t(2 * json::parse(ids).as_array().size()));
    EXPECT_EQ(answer.at("usage").at("total_tokens").as_int64(), n);
    // Against the engine alone.
    engine::Request request = tiny_->request("hello a", 0);
    request.prompt.clear();
    const json::value parsed = json::parse(ids);
    for (const json::value& id : parsed.as_array()) {
      request.prompt.push_back(static_cast<text::TokenId>(id.as_int64()));
    }
    request.embedding = kind;
    server_.reset();
    EXPECT_TRUE(context_->thread().drain(std::chrono::seconds(30)));
    context_.reset();
    const std::vector<float> raw = tiny_->complete(request).embedding;
    double sum = 0;
    for (const float x : raw) sum += double{x} * x;
    for (std::size_t i = 0; i < 64; ++i) {
      EXPECT_NEAR(vectors[0][i], raw[i] / std::sqrt(sum), 1e-4);
    }
  }
}

TEST_F(Prompts, EmbeddingsInBase64AreTheSameFloats) {
  open();
  const auto ask = [&](const std::string& format) {
    return post(kEmbeddings, R"({"input":"hello","encoding_format":")" + format + "\"}")
        .at("data")
        .at(0)
        .at("embedding");
  };
  const std::vector<double> floats = numbers(ask("float"));
  const std::string text = str(ask("base64"));
  ASSERT_EQ(text.size(), (64 * 4 + 2) / 3 * 4);
  std::string bytes;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    group = group << 6 | static_cast<std::uint32_t>(text[i] == '=' ? 0 : digits.find(text[i]));
    if (i % 4 == 3) {
      for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 0xff);
    }
  }
  for (std::size_t i = 0; i < 64; ++i) {
    std::uint32_t bits = 0;
    for (std::size_t j = 4; j-- > 0;) {
      bits = bits << 8 | static_cast<unsigned char>(bytes[4 * i + j]);
    }
    EXPECT_EQ(std::bit_cast<float>(bits), static_cast<float>(floats[i]));
  }
}

TEST_F(Prompts, WhatEmbeddingsMayNotBeOf) {
  open();
  const auto param = [&](const std::string& body) {
    const json::value error = refused(400, kEmbeddings, body);
    return error.at("param").is_null() ? std::string() : str(error.at("param"));
  };
  EXPECT_EQ(param("{}"), "input");
  for (const char* input : {R"("")", "[]", "7", R"({"a":1})"}) {
    EXPECT_EQ(param(R"({"input":)" + std::string(input) + "}"), "input") << input;
  }
  EXPECT_EQ(param(R"({"input":[[]]})"), "input[0]");
  EXPECT_EQ(param(R"({"input":[99999]})"), "input[0]");
  EXPECT_EQ(param(R"({"input":"a","encoding_format":"hex"})"), "encoding_format");
  EXPECT_EQ(param(R"({"input":"a","dimensions":32})"), "dimensions");
  post(kEmbeddings, R"({"input":"a","dimensions":64})");
  const std::string long_text(3000, 'q');
  EXPECT_EQ(str(refused(400, kEmbeddings, R"({"input":")" + long_text + "\"}").at("code")),
            "context_length_exceeded");
}

// None of it is encoded: that would take a thread for seconds.
TEST_F(Prompts, HugeTextsAreRefusedBeforeTheyAreEncoded) {
  open();
  std::string words;
  while (words.size() < (12U << 20)) words += "hello a ";
  const std::string text = "\"" + words + "\"";
  for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
           {kPath, R"({"prompt":)" + text + "}"},
           {kPath, R"({"prompt":["a",)" + text + "]}"},
           {kEmbeddings, R"({"input":)" + text + "}"},
           {"/v1/chat/completions", R"({"messages":[{"role":"user","content":)" + text + "}]}"},
           {"/apply-template", R"({"messages":[{"role":"user","content":)" + text + "}]}"}}) {
    EXPECT_EQ(str(refused(400, path, body).at("code")), "context_length_exceeded") << path;
  }
  EXPECT_EQ(str(refused(400, "/tokenize", R"({"content":)" + text + "}").at("param")), "content");
  // A text within what the longest token could make of it is tried in part.
  EXPECT_THROW(context_->check_length(std::string(512 * 16 * 4, 'q')), serve::ApiError);
  EXPECT_THROW(context_->check_bytes(std::size_t{1} << 20), serve::ApiError);
  EXPECT_NO_THROW(context_->check_length("hello"));
}

}  // namespace
}  // namespace rocmforge::test
