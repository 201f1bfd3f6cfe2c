#include "engine/sampling/params.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/sampling/plan.h"

namespace rocmforge::engine {
namespace {

using enum SamplerKind;

std::string error_of(auto&& parse) {
  try {
    parse();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    return e.what();
  }
  return "";
}

TEST(SamplingParams, DefaultsAreInRange) {
  EXPECT_EQ(range_error(SamplingParams{}), "");
  EXPECT_EQ(range_error(SamplingParams{}, 100), "");
}

TEST(SamplingParams, SamplersByTheirNames) {
  EXPECT_EQ(parse_samplers("penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature"),
            default_samplers());
  std::string names;
  for (const SamplerKind kind : default_samplers()) names += std::string(to_string(kind)) + ";";
  EXPECT_EQ(names, "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature;");
  const std::vector<SamplerKind> two = {kTopK, kTemperature};
  EXPECT_EQ(parse_samplers("top-k, temp"), two);
  EXPECT_TRUE(parse_samplers("").empty());
  EXPECT_EQ(error_of([] { parse_samplers("top_k;;temp"); }).substr(0, 34),
            "Invalid samplers: \"\" is not one of");
  EXPECT_NE(error_of([] { parse_samplers(std::string(200, ';')); }), "");
}

TEST(SamplingParams, LogitBiasesWithTheirSign) {
  EXPECT_EQ(parse_logit_bias("15043+1.5"), (LogitBias{15043, 1.5F}));
  EXPECT_EQ(parse_logit_bias("0-2"), (LogitBias{0, -2}));
  EXPECT_EQ(parse_logit_bias("3-inf"), (LogitBias{3, -std::numeric_limits<float>::infinity()}));
  for (const char* wrong : {"", "+", "-", "7", "7+", "7+-1", "7--1", "a+1", "7+1x", "7+nan",
                            "7-nan", "99999999999+1", "7+inf", " 7+1"}) {
    EXPECT_TRUE(error_of([&] { parse_logit_bias(wrong); }).starts_with("Invalid logit_bias: "))
        << wrong;
  }
  // A token below 0 parses, and is outside of every vocabulary.
  SamplingParams p;
  p.logit_bias = {{parse_logit_bias("-1+2").token, 2}};
  EXPECT_EQ(range_error(p), "");
  EXPECT_EQ(range_error(p, 10), "Invalid logit_bias: token -1 must be in range [0, 9]");
}

TEST(SamplingParams, NumbersByTheirNames) {
  SamplingParams p;
  EXPECT_TRUE(set_number(p, "top_k", "7"));
  EXPECT_TRUE(set_number(p, "typical_p", "0.25"));
  EXPECT_TRUE(set_number(p, "seed", "18446744073709551615"));
  EXPECT_EQ(p.top_k, 7);
  EXPECT_EQ(p.typical_p, 0.25F);
  EXPECT_EQ(p.seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(set_number(p, "no_such", "7"));
  EXPECT_EQ(error_of([&] { set_number(p, "top_k", "7.5"); }),
            "Invalid top_k: \"7.5\" is not a whole number");
  EXPECT_EQ(error_of([&] { set_number(p, "top_p", "x"); }), "Invalid top_p: \"x\" is not a number");
}

TEST(SamplingParams, EveryAnswerHasASeedOfItsOwn) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(answer_seed(seed, 0), seed);
    for (std::uint32_t i = 0; i < 50; ++i) seeds.insert(answer_seed(seed, i));
  }
  EXPECT_EQ(seeds.size(), 20u * 50);
}

// What changes nothing is left out, and what may change places does so for the device.
TEST(SamplingPlan, LeavesOutWhatDoesNothing) {
  SamplingParams p;
  EXPECT_EQ(plan_sampling(p, 1000).stages, (std::vector{kTopK, kTopP}));
  EXPECT_TRUE(plan_sampling({.top_k = 1000, .top_p = 1}, 1000).stages.empty());
  p.samplers = {kTemperature, kMinP, kTopK};
  p.temperature = 0.5F;
  p.min_p = 0.1F;
  EXPECT_EQ(plan_sampling(p, 1000).stages, (std::vector{kTopK, kTemperature, kMinP}));
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kHost) << "min-p of what is spread";
  p.samplers = {kMinP, kTopK, kTemperature};
  EXPECT_EQ(plan_sampling(p, 1000).stages, (std::vector{kTopK, kMinP, kTemperature}));
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kDevice);
  p.samplers = {kTopP, kTopK, kTemperature};
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kHost) << "top-p looks at the whole";
}

TEST(SamplingPlan, TemperatureZeroIsTheLikeliest) {
  SamplingParams p{.temperature = 0, .top_k = 7, .top_p = 0.5F};
  EXPECT_TRUE(plan_sampling(p, 1000).greedy);
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kDevice);
  p.xtc_probability = 0.5F;  // may drop the likeliest, before
  EXPECT_FALSE(plan_sampling(p, 1000).greedy);
  p.samplers = {kTemperature, kXtc};
  EXPECT_TRUE(plan_sampling(p, 1000).greedy) << "one token is never dropped";
  p.samplers = {kTopK};
  EXPECT_FALSE(plan_sampling(p, 1000).greedy) << "the temperature is not asked for";
  p.samplers = default_samplers();
  p.dynatemp_range = 1;
  EXPECT_FALSE(plan_sampling(p, 1000).greedy);
}

TEST(SamplingPlan, EditsAreOneAToken) {
  SamplingParams p{.repeat_penalty = 1.1F};
  p.dry_multiplier = 1;
  EXPECT_EQ(plan_sampling(p, 1000).leading, (std::vector{kPenalties, kDry}));
  EXPECT_TRUE(plan_sampling(p, 1000).looks_back);
  p.samplers = {kDry, kPenalties, kTopK};  // scaled what DRY had changed
  EXPECT_EQ(plan_sampling(p, 1000).leading, (std::vector{kDry}));
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kHost);
  p.repeat_penalty = 1;
  p.presence_penalty = 0.5F;  // only added to
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kDevice);
  p = {.repeat_penalty = 1.1F};
  p.logit_bias = {{3, -std::numeric_limits<float>::infinity()}};
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kDevice);
  p.logit_bias = {{3, 1}};
  EXPECT_EQ(plan_sampling(p, 1000).by, ChosenBy::kHost);
}

}  // namespace
}  // namespace rocmforge::engine
