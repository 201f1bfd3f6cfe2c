// Answers held to a grammar, by models whose own words are noise.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "constrain/token_grammar.h"
#include "engine/fixture.h"
#include "engine/scheduler.h"
#include "engine/wrapped_device.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::FinishReason;
using engine::Request;

constexpr const char* kSchema =
    R"({"type":"object","properties":{"id":{"type":"integer","minimum":10,"maximum":99},
        "tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":3},
        "ok":{"type":"boolean"}},"required":["id","tags","ok"],"additionalProperties":false})";

std::shared_ptr<const constrain::TokenGrammar> over(
    TinyEngine& tiny, std::shared_ptr<const constrain::Grammar> grammar) {
  return std::make_shared<const constrain::TokenGrammar>(std::move(grammar),
                                                         tiny.engine->token_table());
}

void expect_valid(const Completion& done) {
  ASSERT_EQ(done.reason, FinishReason::kCompleted) << done.text << done.error;
  boost::json::error_code wrong;
  const boost::json::value value = boost::json::parse(done.text, wrong);
  ASSERT_FALSE(wrong) << done.text;
  const auto id = value.at("id").as_int64();
  EXPECT_TRUE(id >= 10 && id <= 99) << done.text;
  EXPECT_LE(value.at("tags").as_array().size(), 3U);
  EXPECT_TRUE(value.at("ok").is_bool());
}

Request held(TinyEngine& tiny, const std::shared_ptr<const constrain::TokenGrammar>& grammar,
             std::uint64_t seed) {
  Request request = tiny.request("hello", 200);
  request.grammar = grammar;
  request.sampling.temperature = seed == 0 ? 0.0F : 1.0F;
  request.sampling.seed = seed;
  return request;
}

TEST(Grammar, HoldsWhoeverChooses) {
  TinyEngine tiny;
  const auto grammar = over(tiny, constrain::grammar_of_schema(kSchema));
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Request request = held(tiny, grammar, seed);
    const Completion by_device = tiny.complete(request);
    expect_valid(by_device);
    request.sampling.n_logprobs = 0;  // the host
    const Completion by_host = tiny.complete(request);
    expect_valid(by_host);
    EXPECT_EQ(by_host.log_probs.size(), by_host.tokens.size());
    if (seed == 0) {
      EXPECT_EQ(by_host.tokens, by_device.tokens);
    }
    request.sampling.top_k = 5;
    expect_valid(tiny.complete(request));
  }
}

TEST(Grammar, HoldsEachOfManyAndLeavesTheOthers) {
  TinyEngine tiny({}, {.max_sequences = 4});
  const auto grammar = over(tiny, constrain::grammar_of_schema(kSchema));
  const Request plain = tiny.request("hello", 30);
  const Completion alone = tiny.complete(plain);
  std::vector<Completion> done(12);
  engine::Scheduler scheduler(*tiny.engine, [&](std::size_t id, engine::Result result) {
    done[id] = std::get<Completion>(std::move(result));
  });
  for (std::size_t i = 0; i < done.size(); ++i) {
    scheduler.add(i % 3 == 0 ? plain : held(tiny, grammar, i));
  }
  while (scheduler.step()) {
  }
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (i % 3 != 0) {
      expect_valid(done[i]);
    } else {
      EXPECT_EQ(done[i].tokens, alone.tokens);
    }
  }
}

// Thinking is free but for its end; behind it only the grammar's text comes.
TEST(Grammar, BeginsBehindTheThinking) {
  TinyEngine tiny;
  const auto grammar = over(tiny, constrain::grammar_of_schema(kSchema));
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Request request = held(tiny, grammar, seed);
    request.thinking = engine::Thinking{
        .markers = {"<think>", "</think>"},
        .opened = true,
        .budget = 7,
        .closing = tiny.engine->tokenizer().encode("</think>\n\n", {.add_special = false})};
    const Completion done = tiny.complete(request);
    expect_valid(done);
    EXPECT_GE(done.tokens.size(), 7U + request.thinking->closing.size());
  }
}

TEST(Grammar, EndsWhereTheGrammarDoes) {
  TinyEngine tiny;
  Request request = held(tiny, over(tiny, constrain::grammar_of_regex("abc")), 1);
  EXPECT_EQ(tiny.complete(request).text, "abc");
  request.max_tokens = 1;
  EXPECT_EQ(tiny.complete(request).reason, FinishReason::kLength);
  request.grammar = over(tiny, constrain::grammar_of_regex("\"[^\"]*\""));
  request.max_tokens = 10;
  const Completion cut = tiny.complete(request);
  EXPECT_TRUE(cut.text.starts_with("\"")) << cut.text;
}

// The layers are given without them, so that they cost no time of the device; the head with them.
TEST(Grammar, MasksAreMadeWhileTheDeviceRunsTheLayers) {
  TempDir dir;
  Counters counters;
  Wrapping wrapping;
  WrappedDevice device(wrapping, counters);
  engine::Engine engine({.path = write_tiny_model(dir.file("tiny.gguf"), {})}, device, counters);
  Request request{.prompt = engine.tokenizer().encode("hello", {}),
                  .max_tokens = 50,
                  .sampling = {.temperature = 0}};
  const auto masks = [&] {
    wrapping.runs.clear();
    const Completion done = std::get<Completion>(engine.generate(request, {}));
    std::vector<std::int32_t> out;
    for (const ir::StepHeader& step : wrapping.runs) {
      EXPECT_EQ(step.n_head_rows, 1);
      out.push_back(step.n_masks);
    }
    EXPECT_EQ(out.size(), 2 * done.tokens.size());
    return out;
  };
  request.grammar = std::make_shared<const constrain::TokenGrammar>(
      constrain::grammar_of_regex("[a-c]{5}"), engine.token_table());
  const std::vector<std::int32_t> held = masks();
  ASSERT_GE(held.size(), 2U);
  for (std::size_t i = 0; i < held.size(); ++i) EXPECT_EQ(held[i], i % 2) << i;
  request.grammar = nullptr;
  request.ignore_eos = true;
  for (const std::int32_t n : masks()) EXPECT_EQ(n, 0);
}

TEST(Grammar, OfAnotherVocabularyIsRefused) {
  TinyEngine tiny;
  Request request = tiny.request("hello");
  const auto table = std::make_shared<const constrain::TokenTable>(tiny.engine->tokenizer(), 40);
  request.grammar =
      std::make_shared<const constrain::TokenGrammar>(constrain::grammar_of_regex("a"), table);
  EXPECT_TRUE(std::holds_alternative<engine::Rejected>(tiny.engine->generate(request, {})));
}

}  // namespace
}  // namespace rocmforge::test
