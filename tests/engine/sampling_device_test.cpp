// The device's choices, on the CPU, held to the host's from the same logits: what a request asks
// for becomes parameters and edits, and the ops give the host's token or say that they cannot.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "backend/cpu/device.h"
#include "engine/batch.h"
#include "engine/sampling/chain.h"
#include "op/harness.h"
#include "op/maker.h"

namespace rocmforge::test {
namespace {

using engine::ChosenBy;
using engine::SamplerChain;
using engine::SamplingParams;
using optest::Maker;

constexpr std::int32_t kRows = 8;

// What users ask for, and what is at the borders.
SamplingParams random_params(optest::Random& random) {
  SamplingParams p;
  const float temperatures[] = {0, 0.2F, 0.7F, 1, 1.5F, 30};
  const std::int32_t top_ks[] = {0, 1, 5, 40, 50, 200, 256, 257, 600, 100000};
  const float top_ps[] = {1, 0.95F, 0.9F, 0.5F, 0.01F};
  const float min_ps[] = {0, 0, 0.01F, 0.1F, 1};
  const float penalties[] = {1, 1, 1.1F, 2, 0.5F};
  p.temperature = temperatures[random.below(6)];
  p.top_k = top_ks[random.below(10)];
  p.top_p = top_ps[random.below(5)];
  p.min_p = min_ps[random.below(5)];
  p.repeat_penalty = penalties[random.below(5)];
  p.repeat_last = random.below(3) == 0 ? 300 : 64;
  p.seed = random.bits();
  if (random.below(3) == 0) p.presence_penalty = 0.5F;
  if (random.below(3) == 0) p.frequency_penalty = -0.3F;
  if (random.below(4) == 0) p.dry_multiplier = 0.8F;
  const float never = -std::numeric_limits<float>::infinity();
  if (random.below(3) == 0) p.logit_bias = {{0, 2}, {1, never}, {2, -0.5F}, {0, 1}};
  if (random.below(3) == 0) {
    using enum engine::SamplerKind;
    const std::vector<engine::SamplerKind> orders[] = {{kMinP, kTopK, kTemperature, kPenalties},
                                                       {kTemperature, kTopK},
                                                       {kDry, kPenalties, kTopK, kTopP, kMinP},
                                                       {kTopK, kTopP, kXtc, kTemperature}};
    p.samplers = orders[random.below(4)];
  }
  return p;
}

struct Asked {
  SamplingParams params;
  std::vector<text::TokenId> history;
  std::int32_t position;
};

TEST(SamplingOnTheDevice, GivesTheHostsTokens) {
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 2, .isa = cpu::best_isa()}, counters);
  optest::Random random(11);
  std::map<ChosenBy, int> n_asked;
  int n_undecided = 0;
  for (int round = 0; round < 160; ++round) {
    const std::int64_t vocabs[] = {3, 200, 1000, 9000};
    const std::int64_t vocab = vocabs[random.below(4)];
    const float magnitudes[] = {0.3F, 2, 6};
    Maker m("round" + std::to_string(round));
    m.logits(vocab, kRows, magnitudes[random.below(3)]);
    const std::vector<float> logits = m.hidden();
    std::vector<Asked> asked;
    std::vector<ir::SampleParams> samples;
    std::vector<ir::LogitEdit> edits;
    for (std::int32_t row = 0; row < kRows; ++row) {
      Asked a{random_params(random), {}, random.below(5000)};
      for (int i = random.below(100); i > 0; --i) {
        a.history.push_back(random.below(static_cast<std::int32_t>(vocab)));
      }
      SamplerChain chain(a.params, vocab);
      ++n_asked[chain.chosen_by()];
      chain.look_back(a.history);
      ir::SampleParams p = chain.on_device() ? chain.params(a.position) : ir::SampleParams{};
      const std::span<const ir::LogitEdit> own = chain.edits();
      p.edits_begin = static_cast<std::int32_t>(edits.size());
      p.n_edits = static_cast<std::int32_t>(own.size());
      edits.insert(edits.end(), own.begin(), own.end());
      samples.push_back(p);
      asked.push_back(std::move(a));
    }
    m.samples(samples);
    m.edits(edits);
    const bool fused = random.below(2) == 0;
    const ir::Value x = m.logits();
    const optest::Problem problem =
        m.finish(fused ? m.op(ir::Sample{.fused = true}, {x}) : m.g().sample(x));
    const std::vector<float> tokens = optest::run(problem, *device).taps.at("y");
    for (std::size_t row = 0; row < asked.size(); ++row) {
      const Asked& a = asked[row];
      SamplerChain chain(a.params, vocab);
      const ChosenBy by = chain.chosen_by();
      if (by == ChosenBy::kHost) continue;
      const auto got = static_cast<std::int32_t>(tokens[row]);
      if (got == ir::kUndecided && by == ChosenBy::kDeviceOrHost) {
        ++n_undecided;
        continue;
      }
      const auto own_logits = std::span(logits).subspan(row * static_cast<std::size_t>(vocab),
                                                        static_cast<std::size_t>(vocab));
      EXPECT_EQ(got, chain.choose(own_logits, a.history, a.position))
          << problem.graph.name << " row " << row << (fused ? " fused" : " plain") << " top_k "
          << a.params.top_k << " top_p " << a.params.top_p << " min_p " << a.params.min_p
          << " temperature " << a.params.temperature;
    }
  }
  EXPECT_GT(n_asked[ChosenBy::kDevice], 300);
  EXPECT_GT(n_asked[ChosenBy::kDeviceOrHost], 100);
  EXPECT_GT(n_asked[ChosenBy::kHost], 30);
  EXPECT_GT(n_undecided, 10);
  EXPECT_LT(n_undecided, n_asked[ChosenBy::kDeviceOrHost] / 2);
}

TEST(SamplingOnTheDevice, KnowsWhatItCanSettle) {
  const auto by = [](float temperature, std::int32_t top_k, float top_p, float min_p) {
    const SamplingParams p{
        .temperature = temperature, .top_k = top_k, .top_p = top_p, .min_p = min_p};
    return SamplerChain(p, 32000).chosen_by();
  };
  EXPECT_EQ(SamplerChain({}, 32000).chosen_by(), ChosenBy::kDevice) << "the defaults";
  EXPECT_EQ(by(0, 0, 0.5F, 0.5F), ChosenBy::kDevice) << "the likeliest";
  EXPECT_EQ(by(1, 0, 1, 0), ChosenBy::kDevice) << "the whole distribution";
  EXPECT_EQ(by(1, 32000, 1, 0), ChosenBy::kDevice);
  EXPECT_EQ(by(1, 256, 0.9F, 0.1F), ChosenBy::kDevice);
  EXPECT_EQ(by(1, 0, 0.9F, 0), ChosenBy::kDeviceOrHost);
  EXPECT_EQ(by(1, 0, 1, 0.1F), ChosenBy::kDeviceOrHost);
  EXPECT_EQ(by(1, 257, 1, 0.1F), ChosenBy::kDeviceOrHost);
  EXPECT_EQ(by(1, 257, 0.9F, 0.1F), ChosenBy::kHost);
  EXPECT_EQ(by(1, 257, 1, 0), ChosenBy::kHost);
}

TEST(SamplingOnTheDevice, TakesSoManyEdits) {
  const SamplingParams far{.repeat_penalty = 1.1F, .repeat_last = -1};
  SamplerChain chain(far, 32000);
  EXPECT_EQ(chain.chosen_by(), ChosenBy::kDevice);
  EXPECT_FALSE(chain.runs_ahead());
  std::vector<text::TokenId> history;
  for (std::int32_t i = 0; i < engine::kMaxEdits; ++i) {
    history.push_back(i);
    history.push_back(i);
  }
  chain.look_back(history);
  EXPECT_TRUE(chain.on_device());
  EXPECT_EQ(chain.edits().size(), 256u);
  history.push_back(engine::kMaxEdits);
  chain.look_back(history);
  EXPECT_FALSE(chain.on_device()) << "the host, this time";
}

TEST(SamplingOnTheDevice, EditsATokenOnce) {
  const SamplingParams p{.repeat_penalty = 1.5F, .repeat_last = 5};
  const std::vector<text::TokenId> history = {9, 3, 1, 3, 1, 1};
  SamplerChain chain(p, 100);
  chain.look_back(history);
  const std::span<const ir::LogitEdit> edits = chain.edits();
  ASSERT_EQ(edits.size(), 2u);
  EXPECT_EQ(edits[0].token, 1);
  EXPECT_EQ(edits[1].token, 3);
  EXPECT_EQ(edits[1].penalty, 1.5F);
  SamplerChain open({.repeat_penalty = 1}, 100);
  open.look_back(history);
  EXPECT_TRUE(open.edits().empty());
}

}  // namespace
}  // namespace rocmforge::test
