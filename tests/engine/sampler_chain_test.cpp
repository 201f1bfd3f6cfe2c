// Whole chains against a second implementation of them, the plainest there is: double precision, in
// whatever order is asked for, no plan, no edits merged, everything sorted anew. A case that
// hangs on a rounding is told apart by its margin, and left out.
#include "engine/sampling/chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "base/random.h"
#include "engine/sampling/log_probs.h"
#include "op/maker.h"

namespace rocmforge::engine {
namespace {

using enum SamplerKind;

struct Token {
  text::TokenId id;
  double logit;
};

class PlainChain {
 public:
  PlainChain(const SamplingParams& params, std::vector<text::TokenId> history)
      : p_(params), history_(std::move(history)) {}

  // What is left, best first.
  std::vector<Token> left(const std::vector<float>& logits, std::int64_t position) {
    margin_ = std::numeric_limits<double>::infinity();
    tokens_.clear();
    for (std::size_t i = 0; i < logits.size(); ++i) {
      tokens_.push_back({static_cast<text::TokenId>(i), static_cast<double>(logits[i])});
    }
    for (const LogitBias& b : p_.logit_bias) tokens_[index(b.token)].logit += b.bias;
    std::erase_if(tokens_, [](const Token& t) { return std::isinf(t.logit); });
    if (tokens_.empty()) return {};
    for (const SamplerKind kind : p_.samplers) {
      sort();
      apply(kind, position);
    }
    sort();
    return tokens_;
  }

  text::TokenId choose(const std::vector<float>& logits, std::int64_t position) {
    left(logits, position);
    std::vector<std::pair<double, text::TokenId>> drawn;
    for (const Token& t : tokens_) {
      const auto id = static_cast<std::uint32_t>(t.id);
      const RandomWords words = token_words(p_.seed, static_cast<std::uint32_t>(position), id / 4);
      drawn.emplace_back(t.logit + static_cast<double>(gumbel(words.word[id % 4])), t.id);
    }
    std::sort(drawn.rbegin(), drawn.rend());
    if (drawn.size() > 1) near(drawn[0].first, drawn[1].first);
    return drawn[0].second;
  }

  double margin() const { return margin_; }
  static std::vector<double> shares(const std::vector<Token>& tokens) {
    std::vector<double> out;
    double total = 0;
    for (const Token& t : tokens) out.push_back(std::exp(t.logit - tokens[0].logit));
    for (const double e : out) total += e;
    for (double& e : out) e /= total;
    return out;
  }

 private:
  static double d(float x) { return static_cast<double>(x); }
  std::size_t index(text::TokenId id) const { return static_cast<std::size_t>(id); }
  void near(double a, double b) { margin_ = std::min(margin_, std::abs(a - b)); }
  void sort() {
    std::sort(tokens_.begin(), tokens_.end(), [](const Token& a, const Token& b) {
      return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
    });
  }
  template <class Drop>
  void drop(Drop is_dropped) {
    std::vector<Token> kept;
    for (const Token& t : tokens_) {
      if (!is_dropped(t)) kept.push_back(t);
    }
    tokens_ = kept;
  }

  void apply(SamplerKind kind, std::int64_t position) {
    const std::vector<double> share = shares(tokens_);
    const std::size_t n = tokens_.size();
    double sum = 0, entropy = 0;
    for (const double s : share) entropy -= s > 0 ? s * std::log(s) : 0;
    switch (kind) {
      case kPenalties:
        return penalise();
      case kDry:
        return dry();
      case kTopK: {
        const auto k = static_cast<std::size_t>(p_.top_k);
        if (k == 0 || k >= n) return;
        if (tokens_[k - 1].logit != tokens_[k].logit) near(tokens_[k - 1].logit, tokens_[k].logit);
        tokens_.resize(k);
        return;
      }
      case kTopP:
        if (p_.top_p >= 1) return;
        for (std::size_t i = 0; i < n; ++i) {
          sum += share[i];
          near(sum, d(p_.top_p));
          if (sum < d(p_.top_p)) continue;
          tokens_.resize(i + 1);
          return;
        }
        return;
      case kMinP:
        if (p_.min_p <= 0) return;
        for (std::size_t i = 1; i < n; ++i) near(share[i] / share[0], d(p_.min_p));
        tokens_.resize(
            static_cast<std::size_t>(std::count_if(share.begin(), share.end(), [&](double s) {
              return s == share[0] || s >= d(p_.min_p) * share[0];
            })));
        return;
      case kTypicalP:
        return typical(share, entropy);
      case kTopNSigma: {
        if (p_.top_n_sigma <= 0) return;
        double mean = 0, variance = 0;
        for (const Token& t : tokens_) mean += t.logit;
        mean /= static_cast<double>(n);
        for (const Token& t : tokens_) variance += (t.logit - mean) * (t.logit - mean);
        const double least =
            tokens_[0].logit - d(p_.top_n_sigma) * std::sqrt(variance / static_cast<double>(n));
        for (const Token& t : tokens_) {
          if (n > 1) near(t.logit, least);
        }
        return drop([&](const Token& t) { return t.logit < least; });
      }
      case kXtc: {
        if (p_.xtc_probability <= 0 || p_.xtc_threshold > 0.5F) return;
        if (uniform(p_.seed, static_cast<std::uint64_t>(position)) >= p_.xtc_probability) return;
        std::size_t likely = 0;
        for (const double s : share) near(s, d(p_.xtc_threshold));
        while (likely < n && share[likely] >= d(p_.xtc_threshold)) ++likely;
        if (likely > 1)
          tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<long>(likely) - 1);
        return;
      }
      case kTemperature: {
        double t = d(p_.temperature);
        if (p_.dynatemp_range > 0) {
          if (n == 1) return;
          const double low = std::max(0.0, t - d(p_.dynatemp_range));
          const double high = t + d(p_.dynatemp_range);
          t = low + (high - low) * std::pow(entropy / std::log(static_cast<double>(n)),
                                            d(p_.dynatemp_exponent));
        }
        if (t <= 0) {
          tokens_.resize(1);
          return;
        }
        for (Token& token : tokens_) token.logit /= t;
        return;
      }
    }
  }

  void typical(const std::vector<double>& share, double entropy) {
    if (p_.typical_p >= 1) return;
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < share.size(); ++i) {
      order.emplace_back(std::abs(-std::log(share[i]) - entropy), i);
    }
    std::sort(order.begin(), order.end());
    std::vector<Token> kept;
    double sum = 0;
    for (std::size_t i = 0; i < order.size() && sum <= d(p_.typical_p); ++i) {
      kept.push_back(tokens_[order[i].second]);
      sum += share[order[i].second];
      near(sum, d(p_.typical_p));
      if (i + 1 < order.size()) near(order[i].first, order[i + 1].first);
    }
    tokens_ = kept;
  }

  std::vector<text::TokenId> last(std::int32_t n) const {
    const auto most =
        n < 0 ? history_.size() : std::min(history_.size(), static_cast<std::size_t>(n));
    return {history_.end() - static_cast<long>(most), history_.end()};
  }
  void penalise() {
    std::map<text::TokenId, int> counts;
    for (const text::TokenId id : last(p_.repeat_last)) ++counts[id];
    for (Token& t : tokens_) {
      if (!counts.contains(t.id)) continue;
      t.logit = t.logit > 0 ? t.logit / d(p_.repeat_penalty) : t.logit * d(p_.repeat_penalty);
      t.logit -= counts[t.id] * d(p_.frequency_penalty) + d(p_.presence_penalty);
    }
  }
  void dry() {
    const std::vector<text::TokenId> text = last(p_.dry_last);
    const std::size_t n = text.size();
    if (p_.dry_multiplier == 0 || static_cast<int>(n) <= p_.dry_allowed_length) return;
    std::map<text::TokenId, int> longest;
    for (std::size_t at = 1; at < n; ++at) {
      std::size_t same = 0;
      while (same < at && text[at - 1 - same] == text[n - 1 - same]) ++same;
      longest[text[at]] = std::max(longest[text[at]], static_cast<int>(same));
    }
    for (Token& t : tokens_) {
      if (!longest.contains(t.id) || longest[t.id] < p_.dry_allowed_length) continue;
      t.logit -=
          d(p_.dry_multiplier) * std::pow(d(p_.dry_base), longest[t.id] - p_.dry_allowed_length);
    }
  }

  SamplingParams p_;
  std::vector<text::TokenId> history_;
  std::vector<Token> tokens_;
  double margin_ = 0;
};

using optest::Random;

float one_of(Random& random, const std::vector<float>& values) {
  return values[static_cast<std::size_t>(random.below(static_cast<std::int32_t>(values.size())))];
}

SamplingParams any_params(Random& random, std::int32_t n_vocab) {
  SamplingParams p;
  p.seed = random.bits();
  p.temperature = one_of(random, {1, 0.3F, 0.8F, 2, 5});
  p.top_k = static_cast<std::int32_t>(one_of(random, {0, 1, 5, 40, 50, 300, 100000}));
  p.top_p = one_of(random, {1, 1, 0.95F, 0.5F, 0.1F});
  p.min_p = one_of(random, {0, 0, 0.05F, 0.3F});
  p.typical_p = one_of(random, {1, 1, 0.9F, 0.3F});
  p.top_n_sigma = one_of(random, {-1, -1, 1, 2});
  p.xtc_probability = one_of(random, {0, 0, 0.5F, 1});
  p.xtc_threshold = one_of(random, {0.1F, 0.02F, 0.6F});
  p.dynatemp_range = one_of(random, {0, 0, 0.5F, 3});
  p.dynatemp_exponent = one_of(random, {1, 0.7F, 2});
  p.repeat_penalty = one_of(random, {1, 1, 1.3F, 0.8F});
  p.presence_penalty = one_of(random, {0, 0, 0.7F, -0.5F});
  p.frequency_penalty = one_of(random, {0, 0, 0.2F, -0.1F});
  p.repeat_last = static_cast<std::int32_t>(one_of(random, {64, -1, 0, 10, 1000}));
  p.dry_multiplier = one_of(random, {0, 0, 0.8F});
  p.dry_last = static_cast<std::int32_t>(one_of(random, {64, -1, 7}));
  p.dry_allowed_length = static_cast<std::int32_t>(one_of(random, {2, 0, 1}));
  for (int i = random.below(3); i > 0; --i) {
    const float bias = one_of(random, {2, -3, 0, -std::numeric_limits<float>::infinity()});
    p.logit_bias.push_back({random.below(n_vocab), bias});
  }
  const std::int32_t order = random.below(3);
  if (order > 0) {
    for (std::size_t i = p.samplers.size() - 1; i > 0; --i) {
      std::swap(
          p.samplers[i],
          p.samplers[static_cast<std::size_t>(random.below(static_cast<std::int32_t>(i) + 1))]);
    }
  }
  if (order > 1) p.samplers.resize(static_cast<std::size_t>(random.below(9)));
  return p;
}

std::vector<float> any_logits(Random& random, std::int32_t n_vocab) {
  const float magnitude = one_of(random, {0.5F, 2, 6});
  std::vector<float> out;
  for (std::int32_t i = 0; i < n_vocab; ++i) {
    // Roughly normal.
    float sum = 0;
    for (int j = 0; j < 4; ++j) sum += static_cast<float>(random.below(1 << 20)) / (1 << 19) - 1;
    out.push_back(sum * magnitude);
  }
  return out;
}

TEST(SamplerChain, ChoosesAsThePlainOneDoes) {
  Random random(5);
  int n_compared = 0, n_near = 0;
  std::map<ChosenBy, int> n_by;
  for (int round = 0; round < 4000; ++round) {
    const std::int32_t n_vocab = static_cast<std::int32_t>(one_of(random, {1, 3, 60, 400, 1000}));
    const SamplingParams params = any_params(random, n_vocab);
    ASSERT_EQ(range_error(params, n_vocab), "");
    const std::vector<float> logits = any_logits(random, n_vocab);
    std::vector<text::TokenId> history;
    const std::int32_t n_kinds = std::min(n_vocab, 2 + random.below(30));
    for (int i = random.below(100); i > 0; --i) history.push_back(random.below(n_kinds));
    const std::int64_t position = random.below(5000);
    SamplerChain chain(params, n_vocab);
    PlainChain plain(params, history);
    if (plain.left(logits, position).empty()) continue;
    const text::TokenId want = plain.choose(logits, position);
    const text::TokenId got = chain.choose(logits, history, position);
    if (plain.margin() < 2e-5) {
      ++n_near;
      continue;
    }
    ++n_compared;
    ++n_by[chain.chosen_by()];
    ASSERT_EQ(got, want) << "round " << round << " margin " << plain.margin();
  }
  EXPECT_GT(n_compared, 3000) << n_near << " near a border";
  EXPECT_GT(n_by[ChosenBy::kHost], 1000);
  EXPECT_GT(n_by[ChosenBy::kDevice], 100);
}

// How often tokens come, over many positions, against the probabilities: Pearson's chi-square.
TEST(SamplerChain, DrawsByTheProbabilitiesThatAreLeft) {
  Random random(77);
  const std::vector<float> logits = any_logits(random, 60);
  std::vector<SamplingParams> kinds(6);
  kinds[1] = {.temperature = 0.7F, .top_k = 8, .top_p = 1};
  kinds[2] = {.temperature = 1.5F, .top_k = 0, .top_p = 1, .min_p = 0.1F};
  kinds[3].typical_p = 0.7F;
  kinds[4].dynatemp_range = 0.6F;
  kinds[5].top_n_sigma = 1.5F;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    kinds[i].seed = 1000 + i;
    const std::vector<Token> left = PlainChain(kinds[i], {}).left(logits, 0);
    const std::vector<double> shares = PlainChain::shares(left);
    SamplerChain chain(kinds[i], 60);
    std::map<text::TokenId, int> counts;
    constexpr int kDraws = 20000;
    for (int at = 0; at < kDraws; ++at) ++counts[chain.choose(logits, {}, at)];
    double chi = 0, rare_want = 0, rare_got = 0;
    int freedom = 0, n_seen = 0;
    const auto add = [&](double want, double got) {
      if (want < 5) return false;
      chi += (got - want) * (got - want) / want;
      ++freedom;
      return true;
    };
    for (std::size_t t = 0; t < left.size(); ++t) {
      const double want = shares[t] * kDraws;
      const int got = counts[left[t].id];
      n_seen += got;
      if (add(want, got)) continue;
      rare_want += want;
      rare_got += got;
    }
    add(rare_want, rare_got);
    EXPECT_EQ(n_seen, kDraws) << "kind " << i << ": nothing else is drawn";
    // Mean `freedom`, variance twice that: 4 standard deviations.
    EXPECT_LT(chi, freedom + 4 * std::sqrt(2.0 * freedom)) << "kind " << i;
    EXPECT_GT(freedom, 4);
  }
}

TEST(SamplerChain, MirostatLearnsFromWhatItChose) {
  std::vector<float> logits;
  for (int i = 0; i < 400; ++i) logits.push_back(-1.3F * std::log(static_cast<float>(i + 1)));
  for (const std::int32_t version : {1, 2}) {
    SamplingParams p{.seed = 8};
    p.mirostat = version;
    p.mirostat_tau = 3;
    p.xtc_probability = 1;  // is left out
    p.logit_bias = {{5, -std::numeric_limits<float>::infinity()}};
    SamplerChain chain(p, 400), again(p, 400);
    double surprise = 0;
    constexpr int kSteps = 3000;
    for (int i = 0; i < kSteps; ++i) {
      const text::TokenId id = chain.choose(logits, {}, i);
      ASSERT_EQ(id, again.choose(logits, {}, i));
      ASSERT_NE(id, 5);
      surprise -= log_probs(logits, id, 0).chosen.log_prob / std::log(2.0);
    }
    EXPECT_EQ(chain.chosen_by(), ChosenBy::kHost);
    // Surprise by the whole distribution is a little more than that by what is left.
    EXPECT_NEAR(surprise / kSteps, 3, version == 1 ? 0.8 : 0.6) << "version " << version;
  }
}

TEST(SamplerChain, LogProbsAreTheModels) {
  const std::vector<float> logits = {
      1, 3, std::nanf(""), 3, -std::numeric_limits<float>::infinity(), 2};
  const LogProbs got = log_probs(logits, 0, 3);
  const double total = std::log(std::exp(1) + 2 * std::exp(3) + std::exp(2));
  EXPECT_NEAR(got.chosen.log_prob, 1 - total, 1e-12);
  ASSERT_EQ(got.top.size(), 3u);
  EXPECT_EQ(got.top[0].token, 1);
  EXPECT_EQ(got.top[1].token, 3);
  EXPECT_EQ(got.top[2].token, 5);
  EXPECT_NEAR(got.top[2].log_prob, 2 - total, 1e-12);
  EXPECT_EQ(log_probs(logits, 0, 100).top.size(), 5u);
  EXPECT_TRUE(log_probs(logits, 0, 0).top.empty());
  EXPECT_TRUE(std::isinf(log_probs(logits, 2, 0).chosen.log_prob));
}

}  // namespace
}  // namespace rocmforge::engine
