// Whole requests: the same text for any number of threads and whatever else runs, and
// log-probabilities that are the model's.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/fixture.h"
#include "engine/sampling/dry.h"
#include "engine/scheduler.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::Request;
using engine::SamplingParams;

// The device's choices, those that may fall to the host, and the host's.
std::vector<SamplingParams> kinds() {
  std::vector<SamplingParams> out(12);
  out[1].temperature = 0;
  out[2] = {.temperature = 1.3F, .top_k = 0, .top_p = 1};
  out[3] = {.top_k = 0, .top_p = 0.8F};
  out[4].repeat_penalty = 1.4F;
  out[5].presence_penalty = 1;
  out[5].logit_bias = {{7, 3}, {8, -std::numeric_limits<float>::infinity()}};
  out[6].dry_multiplier = 2;
  out[6].dry_breakers = {"l"};
  out[7].mirostat = 1;
  out[8].mirostat = 2;
  out[9].xtc_probability = 0.5F;
  out[10].typical_p = 0.5F;
  out[10].n_logprobs = 2;
  out[11].dynatemp_range = 0.7F;
  out[11].top_n_sigma = 2;
  for (std::size_t i = 0; i < out.size(); ++i) out[i].seed = 40 + i;
  return out;
}

Request request(const TinyEngine& tiny, const SamplingParams& sampling) {
  Request out = tiny.request("hello hello", 25);
  out.ignore_eos = true;
  out.sampling = sampling;
  return out;
}

TEST(SampledRequest, ThreadsAndCompanyMakeNoDifference) {
  std::vector<std::vector<text::TokenId>> alone;
  for (const int threads : {1, 3}) {
    TinyEngine tiny({}, {.n_ctx = 64, .max_sequences = 12},
                    {.n_threads = threads, .isa = cpu::best_isa()});
    std::vector<Request> requests;
    for (const SamplingParams& kind : kinds()) requests.push_back(request(tiny, kind));
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const Completion done = tiny.complete(requests[i]);
      EXPECT_EQ(done.tokens.size(), 25u);
      if (threads == 1) {
        alone.push_back(done.tokens);
      } else {
        EXPECT_EQ(done.tokens, alone[i]) << "kind " << i;
      }
    }
    // All together, twice: the others in the batch differ.
    std::map<std::size_t, Completion> together;
    engine::Scheduler scheduler(*tiny.engine, [&](std::size_t id, engine::Result result) {
      together[id] = std::get<Completion>(std::move(result));
    });
    for (const Request& r : requests) scheduler.add(r);
    for (const Request& r : requests) scheduler.add(r);
    while (scheduler.step()) {
    }
    ASSERT_EQ(together.size(), 2 * requests.size());
    for (std::size_t i = 0; i < together.size(); ++i) {
      EXPECT_EQ(together[i].tokens, alone[i % requests.size()]) << "kind " << i;
      const bool asked = requests[i % requests.size()].sampling.n_logprobs >= 0;
      EXPECT_EQ(together[i].log_probs.size(), asked ? 25u : 0u);
    }
  }
}

TEST(SampledRequest, AnswersOfOnePromptDiffer) {
  TinyEngine tiny({}, {.n_ctx = 64, .max_sequences = 4});
  const Request one = request(tiny, {.seed = 9});
  const Completion alone = tiny.complete(one);
  std::map<std::size_t, std::vector<text::TokenId>> answers;
  engine::Scheduler scheduler(*tiny.engine, [&](std::size_t id, engine::Result result) {
    answers[id] = std::get<Completion>(std::move(result)).tokens;
  });
  for (std::uint32_t i = 0; i < 4; ++i) {
    Request next = one;
    next.sampling.seed = engine::answer_seed(9, i);
    scheduler.add(next);
  }
  while (scheduler.step()) {
  }
  EXPECT_EQ(answers[0], alone.tokens);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(answers[i], answers[j]);
  }
}

// Log-probabilities are of the logits as they are, whatever is chosen of them; each is checked by
// running the text again.
TEST(SampledRequest, LogProbsAreOfTheModelsLogits) {
  TinyEngine tiny;
  Request r = request(tiny, {.temperature = 2, .top_k = 0, .top_p = 1, .seed = 4});
  r.sampling.logit_bias = {{9, 5}};
  const std::vector<text::TokenId> plain = tiny.complete(r).tokens;
  r.sampling.n_logprobs = 3;
  const Completion done = tiny.complete(r);
  EXPECT_EQ(done.tokens, plain) << "asking for them changes nothing";
  ASSERT_EQ(done.log_probs.size(), done.tokens.size());
  std::vector<text::TokenId> all = r.prompt;
  all.insert(all.end(), done.tokens.begin(), done.tokens.end());
  engine::Sequence sequence(tiny.engine->runner());
  const auto first = static_cast<std::int32_t>(r.prompt.size()) - 1;
  ASSERT_TRUE(sequence.append(all, first, [&](std::int32_t position, std::span<const float> row) {
    const auto i = static_cast<std::size_t>(position - first);
    if (i >= done.tokens.size()) return;
    const engine::LogProbList::View got = done.log_probs[i];
    EXPECT_EQ(got.chosen.token, done.tokens[i]);
    const double want = engine::log_probabilities(row, std::span(&done.tokens[i], 1))[0];
    EXPECT_NEAR(got.chosen.log_prob, want, 2e-3);
    ASSERT_EQ(got.top.size(), 3u);
    EXPECT_GE(got.top[0].log_prob, got.chosen.log_prob);
  }));
}

TEST(SampledRequest, WhatIsOutOfRangeIsRejected) {
  TinyEngine tiny;
  const auto message = [&](const SamplingParams& p) {
    const engine::Result result = tiny.engine->generate(request(tiny, p), {});
    return std::get<engine::Rejected>(result).message;
  };
  EXPECT_EQ(message({.temperature = -1}), "Invalid temperature: -1 must be non-negative");
  EXPECT_EQ(message({.top_p = std::nanf("")}), "Invalid top_p: nan must be in range (0.0, 1.0]");
  SamplingParams p;
  p.logit_bias = {{100000, 1}};
  EXPECT_EQ(message(p).substr(0, 52), "Invalid logit_bias: token 100000 must be in range [0");
}

// Every token that holds a breaker, and every one that it can begin in.
TEST(SampledRequest, BreakersAreFoundInTheVocabulary) {
  TinyEngine tiny;
  const text::Tokenizer& tokenizer = tiny.engine->tokenizer();
  const std::vector<std::string> texts = {"lo", "ello", "o"};
  const engine::DryBreakers found = engine::find_breakers(tokenizer, texts);
  int n_whole = 0, n_begun = 0;
  for (text::TokenId id = 0; id < tokenizer.size(); ++id) {
    const std::string piece = tokenizer.piece(id, true);
    std::set<std::vector<text::TokenId>> want;
    for (const std::string& text : texts) {
      if (piece.find(text) != std::string::npos) {
        want.insert(std::vector<text::TokenId>{});
        ++n_whole;
        continue;
      }
      for (std::size_t n = 1; n < text.size(); ++n) {
        if (!piece.ends_with(text.substr(0, n))) continue;
        want.insert(tokenizer.encode(text.substr(n), {.add_special = false}));
        ++n_begun;
      }
    }
    std::set<std::vector<text::TokenId>> got;
    if (const auto at = found.find(id); at != found.end()) {
      got.insert(at->second.begin(), at->second.end());
    }
    EXPECT_EQ(got, want) << piece;
  }
  EXPECT_GT(n_whole, 0);
  EXPECT_GT(n_begun, 1);
  EXPECT_EQ(engine::dry_breakers({}, tokenizer), nullptr) << "not looked for where DRY is off";
}

TEST(SampledRequest, OnlyTheHostReadsLogits) {
  TinyEngine tiny;
  const std::vector<SamplingParams> all = kinds();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CounterValues before = tiny.counters.read();
    const Completion done = tiny.complete(request(tiny, all[i]));
    const std::uint64_t read = (tiny.counters.read() - before).logit_readbacks;
    if (i <= 2 || (i >= 4 && i <= 6)) {
      EXPECT_EQ(read, 0u) << "kind " << i;
    } else if (i == 3) {
      EXPECT_LT(read, done.tokens.size()) << "kind " << i;
    } else {
      EXPECT_EQ(read, done.tokens.size()) << "kind " << i;
    }
  }
}

}  // namespace
}  // namespace rocmforge::test
