// /v1/completions, /tokenize and its like.
#include <gtest/gtest.h>

#include "serve/api_fixture.h"

namespace rocmforge::test {
namespace {

constexpr const char* kPath = "/v1/completions";

TEST_F(Api, ACompletionHasSixteenTokensUnlessToldOtherwise) {
  open();
  const json::value answer = post(kPath, R"({"prompt":"hello","temperature":0,"ignore_eos":true})");
  EXPECT_EQ(str(answer.at("object")), "text_completion");
  EXPECT_EQ(answer.at("usage").at("completion_tokens").as_int64(), 16);
  EXPECT_EQ(str(answer.at("choices").at(0).at("finish_reason")), "length");
}

TEST_F(Api, PromptsOfEveryKindAreTheSame) {
  open();
  const std::string more = R"(,"temperature":0,"max_tokens":6})";
  const std::string one =
      str(post(kPath, R"({"prompt":"hello")" + more).at("choices").at(0).at("text"));
  const auto ids =
      json::serialize(post("/tokenize", R"({"content":"hello","add_special":true})").at("tokens"));
  EXPECT_EQ(str(post(kPath, R"({"prompt":)" + ids + more).at("choices").at(0).at("text")), one);
  const json::value two = post(kPath, R"({"n":2,"prompt":["hello",)" + ids + "]" + more);
  ASSERT_EQ(two.at("choices").as_array().size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(str(two.at("choices").at(i).at("text")), one);
}

TEST_F(Api, LogProbsAreInTheShapeOfCompletions) {
  open();
  const json::value choice =
      post(kPath,
           R"({"prompt":"hello","logprobs":3,"max_tokens":5,"ignore_eos":true,"temperature":0})")
          .at("choices")
          .at(0);
  const json::value& told = choice.at("logprobs");
  for (const char* name : {"tokens", "token_logprobs", "top_logprobs", "text_offset"}) {
    EXPECT_EQ(told.at(name).as_array().size(), 5U) << name;
  }
  EXPECT_GE(told.at("top_logprobs").at(0).as_object().size(), 1U);
  EXPECT_LE(told.at("token_logprobs").at(0).as_double(), 0);
  EXPECT_EQ(told.at("text_offset").at(0).as_int64(), 0);
}

TEST_F(Api, AnEchoComesFirst) {
  open();
  const json::value answer = post(kPath, R"({"prompt":"hello","echo":true,"max_tokens":2})");
  EXPECT_TRUE(str(answer.at("choices").at(0).at("text")).starts_with("hello"));
}

TEST_F(Api, WhatACompletionMayNotBe) {
  open();
  for (const char* body : {R"({})", R"({"prompt":[]})", R"({"prompt":[[]]})", R"({"prompt":[1.5]})",
                           R"({"prompt":[99999]})", R"({"prompt":7})",
                           R"({"prompt":"a","suffix":"b"})", R"({"prompt":"a","best_of":2})",
                           R"({"prompt":"a","n":1000})", R"({"prompt":"a","logprobs":21})"}) {
    refused(400, kPath, body);
  }
}

TEST_F(Api, TokensAndBack) {
  open();
  const auto tokens = json::serialize(post("/tokenize", R"({"content":"hello a"})").at("tokens"));
  EXPECT_EQ(str(post("/detokenize", R"({"tokens":)" + tokens + "}").at("content")), "hello a");
  const json::value pieces = post("/tokenize", R"({"content":"a","with_pieces":true})");
  EXPECT_TRUE(pieces.at("tokens").at(0).at("piece").is_string());
  refused(400, "/detokenize", R"({"tokens":[99999]})");
}

TEST_F(Api, ATemplateIsApplied) {
  open();
  const auto prompt = [&](const std::string& body) {
    return str(post("/apply-template", body).at("prompt"));
  };
  EXPECT_EQ(prompt(R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]})"),
            "[user]a[assistant]");
  // The beginning of an answer is gone on with.
  EXPECT_EQ(
      prompt(R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})"),
      "[user]a[assistant]b");
  EXPECT_EQ(prompt(R"({"add_generation_prompt":true,"messages":[{"role":"user","content":"a"},)"
                   R"({"role":"assistant","content":"b"}]})"),
            "[user]a[assistant]b[assistant]");
  EXPECT_EQ(json::parse(get("/props").body).at("total_slots").as_int64(), 4);
}

}  // namespace
}  // namespace rocmforge::test
