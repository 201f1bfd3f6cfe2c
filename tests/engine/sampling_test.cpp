#include "engine/sampling/chain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "engine/sampling/log_probs.h"

namespace rocmforge::engine {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// Which tokens come, and how often, over many positions.
std::map<text::TokenId, int> draws(const SamplingParams& params, const std::vector<float>& logits,
                                   int n = 2000, std::vector<text::TokenId> history = {}) {
  SamplerChain sampler(params, std::ssize(logits));
  std::map<text::TokenId, int> out;
  for (int i = 0; i < n; ++i) ++out[sampler.choose(logits, history, i)];
  return out;
}

const std::vector<float> kLogits = {0, std::log(4.0f), std::log(2.0f), std::log(1.0f), -50};

SamplingParams open(std::uint64_t seed = 1) {
  return {.temperature = 1, .top_k = 0, .top_p = 1, .seed = seed};
}

TEST(Sampling, TemperatureZeroTakesTheLikeliestAndTheLowerId) {
  SamplerChain sampler({.temperature = 0}, std::ssize(kLogits));
  EXPECT_EQ(sampler.choose(kLogits, {}, 0), 1);
  const std::vector<float> tie = {1, 3, 3};
  EXPECT_EQ(sampler.choose(tie, {}, 0), 1);
}

TEST(Sampling, DrawsByProbability) {
  const auto counts = draws(open(), kLogits, 8000);  // 1 : 4 : 2 : 1
  EXPECT_NEAR(counts.at(1) / 8000.0, 0.5, 0.03);
  EXPECT_NEAR(counts.at(2) / 8000.0, 0.25, 0.03);
  EXPECT_NEAR(counts.at(0) / 8000.0, 0.125, 0.02);
  EXPECT_FALSE(counts.contains(4));
}

TEST(Sampling, TopKKeepsThatMany) {
  SamplingParams p = open();
  p.top_k = 2;
  const auto counts = draws(p, kLogits);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_TRUE(counts.contains(1) && counts.contains(2));
  p.top_k = 1000;  // more than there are
  EXPECT_EQ(draws(p, kLogits).size(), 4u);
}

TEST(Sampling, TopPKeepsTheSmallestSetThatReachesIt) {
  SamplingParams p = open();
  p.top_p = 0.5f;
  EXPECT_EQ(draws(p, kLogits).size(), 1u);
  p.top_p = 0.51f;
  EXPECT_EQ(draws(p, kLogits).size(), 2u);
  p.top_p = 1e-9f;
  EXPECT_EQ(draws(p, kLogits).size(), 1u);
}

TEST(Sampling, TopPTakesOfATieNoMoreThanItNeeds) {
  SamplingParams p = open();
  p.top_p = 0.5f;
  const std::vector<float> tie = {3, 3, 3, 3};  // a quarter each: two reach a half
  const auto counts = draws(p, tie);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_TRUE(counts.contains(0) && counts.contains(1)) << "the lower ids";
}

TEST(Sampling, MinPIsRelativeToTheBest) {
  SamplingParams p = open();
  p.min_p = 0.4f;  // 4, 2 stay; 1 is a quarter of 4
  EXPECT_EQ(draws(p, kLogits).size(), 2u);
  p.min_p = 1;
  EXPECT_EQ(draws(p, kLogits).size(), 1u);
}

TEST(Sampling, RepeatPenaltyMakesRecentTokensLessLikely) {
  SamplingParams p = open();
  p.temperature = 0;
  p.repeat_penalty = 3;
  SamplerChain sampler(p, 3);
  const std::vector<float> logits = {-1, 2, 1.5f};
  const std::vector<text::TokenId> history = {1, 1, 0};
  EXPECT_EQ(sampler.choose(logits, history, 0), 2);
  p.repeat_last = 1;  // looks back at token 0 alone
  EXPECT_EQ(SamplerChain(p, 3).choose(logits, history, 0), 1);
  const std::vector<float> negative = {-1, -2, -2.5f};
  EXPECT_EQ(SamplerChain(p, 3).choose(negative, history, 0), 1) << "a negative logit is multiplied";
}

TEST(Sampling, SameSeedSameDraws) {
  SamplerChain a(open(5), 5), b(open(5), 5), c(open(6), 5);
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    const auto x = a.choose(kLogits, {}, i);
    EXPECT_EQ(x, b.choose(kLogits, {}, i));
    differ += x != c.choose(kLogits, {}, i);
  }
  EXPECT_GT(differ, 20);
}

TEST(Sampling, SurvivesLogitsThatAreNoNumbers) {
  SamplerChain sampler(open(), 3);
  const std::vector<float> nan = {std::nanf(""), 1, std::nanf("")};
  EXPECT_EQ(sampler.choose(nan, {}, 0), 1);
  const std::vector<float> certain = {0, kInf, -kInf};
  EXPECT_EQ(sampler.choose(certain, {}, 0), 1);
  const std::vector<float> none = {-kInf, std::nanf("")};
  EXPECT_EQ(sampler.choose(none, {}, 0), text::kNoToken);
  EXPECT_EQ(SamplerChain({.temperature = 0}, 2).choose(none, {}, 0), text::kNoToken);
}

TEST(Sampling, SurvivesAnEndlessPenalty) {
  SamplingParams p = open();
  p.repeat_penalty = kInf;
  const std::vector<float> logits = {0, 2, -1, kInf, 1};
  const std::vector<text::TokenId> history = {0, 1, 2, 3};  // NaN, 0, -inf, NaN
  const auto counts = draws(p, logits, 200, history);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_TRUE(counts.contains(1) && counts.contains(4));
}

TEST(Sampling, LogProbabilitiesSumToOne) {
  const std::vector<float> logits = {1000, 1001, 999.5f, -1e30f};
  const std::vector<text::TokenId> all = {0, 1, 2, 3};
  double sum = 0;
  for (const double lp : log_probabilities(logits, all)) sum += std::exp(lp);
  EXPECT_NEAR(sum, 1, 1e-12);
}

}  // namespace
}  // namespace rocmforge::engine
