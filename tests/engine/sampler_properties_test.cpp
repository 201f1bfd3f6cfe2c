// Each sampler against its formula, worked out in the plainest way on random logits. A list whose
// cut falls within rounding of a border says nothing, and is thrown away.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "base/random.h"
#include "engine/sampling/dry.h"
#include "engine/sampling/mirostat.h"
#include "engine/sampling/penalties.h"
#include "engine/sampling/samplers.h"
#include "support/property.h"

namespace rocmforge::engine {
namespace {

constexpr double kNear = 1e-6;

// Some equal, in no order.
Candidates any_candidates() {
  const int n = *rc::gen::inRange(1, 80);
  const auto steps = *rc::gen::container<std::vector<int>>(static_cast<std::size_t>(n),
                                                           rc::gen::inRange(-400, 400));
  const float unit = *rc::gen::element(0.01F, 0.05F, 1.0F);
  Candidates c;
  for (int i = 0; i < n; ++i) {
    c.list.push_back({static_cast<float>(steps[static_cast<std::size_t>(i)]) * unit, i * 3});
  }
  if (*rc::gen::arbitrary<bool>()) c.sort(static_cast<std::size_t>(*rc::gen::inRange(0, n + 1)));
  return c;
}

struct Plain {
  text::TokenId id;
  double logit, p;
};
// Best first, with probabilities.
std::vector<Plain> plain(const Candidates& c) {
  std::vector<Plain> out;
  for (const Candidate& candidate : c.list) {
    out.push_back({candidate.id, static_cast<double>(candidate.logit), 0});
  }
  std::sort(out.begin(), out.end(), [](const Plain& a, const Plain& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  });
  double total = 0;
  for (Plain& p : out) total += p.p = std::exp(p.logit - out[0].logit);
  for (Plain& p : out) p.p /= total;
  return out;
}

std::set<text::TokenId> ids(const Candidates& c) {
  std::set<text::TokenId> out;
  for (const Candidate& candidate : c.list) out.insert(candidate.id);
  RC_ASSERT(out.size() == c.list.size());
  return out;
}
template <class Keep>
std::set<text::TokenId> those(const std::vector<Plain>& all, Keep keep) {
  std::set<text::TokenId> out;
  for (const Plain& p : all) {
    if (keep(p)) out.insert(p.id);
  }
  return out;
}

float any_share() {
  return static_cast<float>(*rc::gen::inRange(1, 1000)) / 1000.0F;
}

// What is said to be sorted is.
void assert_in_order(const Candidates& c) {
  RC_ASSERT(c.n_sorted <= c.size() && c.size() > 0);
  for (std::size_t i = 0; i < c.n_sorted; ++i) {
    for (std::size_t j = i + 1; j < c.size(); ++j) RC_ASSERT(better(c.list[i], c.list[j]));
  }
}

RC_GTEST_PROP(SamplerProperty, TopKKeepsTheBest, ()) {
  Candidates c = any_candidates();
  const std::vector<Plain> all = plain(c);
  const int k = *rc::gen::inRange(0, 100);
  keep_top_k(c, k);
  assert_in_order(c);
  const std::size_t n = k == 0 ? all.size() : std::min(all.size(), static_cast<std::size_t>(k));
  std::set<text::TokenId> want;
  for (std::size_t i = 0; i < n; ++i) want.insert(all[i].id);
  RC_ASSERT(ids(c) == want);
}

RC_GTEST_PROP(SamplerProperty, TopPKeepsTheFewestThatReachIt, ()) {
  Candidates c = any_candidates();
  const std::vector<Plain> all = plain(c);
  const float p = any_share();
  keep_top_p(c, p);
  assert_in_order(c);
  std::set<text::TokenId> want;
  double sum = 0;
  for (const Plain& each : all) {
    RC_PRE(std::abs(sum - static_cast<double>(p)) > kNear);
    if (sum >= static_cast<double>(p)) break;
    want.insert(each.id);
    sum += each.p;
  }
  RC_ASSERT(ids(c) == want);
}

RC_GTEST_PROP(SamplerProperty, MinPComparesWithTheBest, ()) {
  Candidates c = any_candidates();
  const std::vector<Plain> all = plain(c);
  const auto p = static_cast<double>(any_share());
  for (const Plain& each : all) RC_PRE(std::abs(each.p / (p * all[0].p) - 1) > 1e-4);
  keep_min_p(c, static_cast<float>(p));
  assert_in_order(c);
  RC_ASSERT(ids(c) == those(all, [&](const Plain& each) { return each.p >= p * all[0].p; }));
}

RC_GTEST_PROP(SamplerProperty, TypicalKeepsTheNearestToTheEntropy, ()) {
  Candidates c = any_candidates();
  std::vector<Plain> all = plain(c);
  const float p = any_share();
  keep_typical(c, p);
  assert_in_order(c);
  double entropy = 0;
  for (const Plain& each : all) entropy -= each.p * std::log(each.p);
  const auto distance = [&](const Plain& each) { return std::abs(-std::log(each.p) - entropy); };
  std::sort(all.begin(), all.end(), [&](const Plain& a, const Plain& b) {
    const double near = distance(a), far = distance(b);
    return near != far ? near < far : a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  });
  std::set<text::TokenId> want;
  double sum = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // RC_PRE looks at both sides of ||.
    const bool apart = i == 0 || all[i].logit == all[i - 1].logit ||
                       distance(all[i]) - distance(all[i - 1]) > kNear;
    RC_PRE(apart);
    RC_PRE(std::abs(sum - static_cast<double>(p)) > kNear);
    if (sum > static_cast<double>(p)) break;
    want.insert(all[i].id);
    sum += all[i].p;
  }
  RC_ASSERT(ids(c) == want);
}

RC_GTEST_PROP(SamplerProperty, TopNSigmaCutsByStandardDeviations, ()) {
  Candidates c = any_candidates();
  const std::vector<Plain> all = plain(c);
  const float n = static_cast<float>(*rc::gen::inRange(0, 300)) / 100.0F;
  keep_top_n_sigma(c, n);
  assert_in_order(c);
  double sum = 0, squares = 0;
  for (const Plain& each : all) {
    sum += each.logit;
    squares += each.logit * each.logit;
  }
  const double mean = sum / static_cast<double>(all.size());
  const double variance = std::max(0.0, squares / static_cast<double>(all.size()) - mean * mean);
  const double least = all[0].logit - static_cast<double>(n) * std::sqrt(variance);
  for (const Plain& each : all) {
    RC_PRE(each.logit == all[0].logit || std::abs(each.logit - least) > 1e-5);
  }
  RC_ASSERT(ids(c) == those(all, [&](const Plain& each) {
              return n == 0 || each.logit == all[0].logit || each.logit >= least;
            }));
}

RC_GTEST_PROP(SamplerProperty, XtcLeavesTheLeastLikelyOfTheLikely, ()) {
  Candidates c = any_candidates();
  const std::vector<Plain> all = plain(c);
  const auto threshold = static_cast<double>(any_share()) / 2;
  for (const Plain& each : all) RC_PRE(std::abs(each.p - threshold) > kNear);
  drop_likely(c, static_cast<float>(threshold));
  assert_in_order(c);
  std::size_t n_likely = 0;
  while (n_likely < all.size() && all[n_likely].p >= threshold) ++n_likely;
  std::set<text::TokenId> want;
  for (std::size_t i = n_likely < 2 ? 0 : n_likely - 1; i < all.size(); ++i) want.insert(all[i].id);
  RC_ASSERT(ids(c) == want);
}

RC_GTEST_PROP(SamplerProperty, TemperatureFollowsTheEntropy, ()) {
  Candidates c = any_candidates();
  const std::vector<Plain> all = plain(c);
  const float t = static_cast<float>(*rc::gen::inRange(0, 300)) / 100.0F;
  const float range = static_cast<float>(*rc::gen::inRange(1, 300)) / 100.0F;
  const float exponent = *rc::gen::element(0.5F, 1.0F, 2.0F);
  const double got = static_cast<double>(dynamic_temperature(c, t, range, exponent));
  if (all.size() == 1) {
    RC_ASSERT(got == 1);
    return;
  }
  double entropy = 0;
  for (const Plain& each : all) entropy -= each.p > 0 ? each.p * std::log(each.p) : 0;
  const double low = std::max(0.0, static_cast<double>(t) - static_cast<double>(range));
  const double high = static_cast<double>(t) + static_cast<double>(range);
  const double share = entropy / std::log(static_cast<double>(all.size()));
  const double want = low + (high - low) * std::pow(share, static_cast<double>(exponent));
  RC_ASSERT(std::abs(got - want) < 1e-5);
}

TEST(SamplerProperty, TemperatureZeroLeavesTheLikeliest) {
  Candidates c{.list = {{1, 0}, {3, 1}, {3, 2}, {2, 3}}};
  scale(c, 0);
  ASSERT_EQ(c.size(), 1u);
  EXPECT_EQ(c.list[0].id, 1);
  Candidates halves{.list = {{1, 0}, {3, 1}}};
  scale(halves, 0.5F);
  EXPECT_EQ(halves.list[1].logit, 6);
}

std::vector<text::TokenId> any_history(int n_tokens) {
  return *rc::gen::container<std::vector<text::TokenId>>(rc::gen::inRange(0, n_tokens));
}

// Counted from call to call, and anew when a history begins anew.
RC_GTEST_PROP(SamplerProperty, PenaltiesGoOnCounting, ()) {
  SamplingParams p;
  p.frequency_penalty = 0.25F;
  p.presence_penalty = 0.5F;
  p.repeat_last = *rc::gen::inRange(-1, 12);
  Penalties counting(p, 20);
  std::vector<text::TokenId> history = any_history(20);
  for (int i = 0; i < 30; ++i) {
    std::vector<ir::LogitEdit> got, want;
    counting.edits(history, got);
    Penalties(p, 20).edits(history, want);
    RC_ASSERT(got.size() == want.size());
    for (std::size_t j = 0; j < got.size(); ++j) {
      RC_ASSERT(got[j].token == want[j].token && got[j].bias == want[j].bias);
    }
    const int n = *rc::gen::inRange(0, 4);
    for (int j = 0; j < n; ++j) history.push_back(*rc::gen::inRange(0, 20));
    if (i == 15) history.resize(history.size() / 2);
  }
}

RC_GTEST_PROP(SamplerProperty, PenaltiesCountWhatOccurred, ()) {
  const std::vector<text::TokenId> history = any_history(20);
  SamplingParams p;
  p.repeat_penalty = *rc::gen::element(1.0F, 1.3F, 0.5F);
  p.presence_penalty = *rc::gen::element(0.0F, 0.5F, -1.0F);
  p.frequency_penalty = *rc::gen::element(0.0F, 0.25F, -2.0F);
  p.repeat_last = *rc::gen::inRange(-1, 40);
  Candidates c;
  for (int i = 0; i < 20; ++i) c.list.push_back({static_cast<float>(i - 10) / 3, i});
  std::vector<ir::LogitEdit> edits;
  Penalties(p, 20).edits(history, edits);
  Candidates changed = c;
  apply_edits(changed, edits);
  for (std::size_t i = 0; i < 20; ++i) {
    int count = 0;
    for (std::size_t back = 0; back < history.size(); ++back) {
      if (p.repeat_last >= 0 && back >= static_cast<std::size_t>(p.repeat_last)) break;
      count += history[history.size() - 1 - back] == static_cast<int>(i) ? 1 : 0;
    }
    auto want = static_cast<double>(c.list[i].logit);
    if (count > 0) {
      const auto penalty = static_cast<double>(p.repeat_penalty);
      want = want > 0 ? want / penalty : want * penalty;
      want -= count * static_cast<double>(p.frequency_penalty) +
              static_cast<double>(p.presence_penalty);
    }
    RC_ASSERT(std::abs(static_cast<double>(changed.list[i].logit) - want) < 1e-5);
  }
}

// As if by the definition: for each token, the longest run before one of its occurrences that the
// text ends with.
std::map<text::TokenId, int> plain_dry(const SamplingParams& p, std::vector<text::TokenId> tokens,
                                       const DryBreakers& breakers) {
  if (p.dry_last >= 0 && tokens.size() > static_cast<std::size_t>(p.dry_last)) {
    tokens.erase(tokens.begin(), tokens.end() - p.dry_last);
  }
  const int n = static_cast<int>(tokens.size());
  int most = n;
  for (int at = n - 1; at >= 0 && most == n; --at) {
    const auto found = breakers.find(tokens[static_cast<std::size_t>(at)]);
    if (found == breakers.end()) continue;
    int length = -1;
    for (const std::vector<text::TokenId>& tail : found->second) {
      const std::vector<text::TokenId> after(tokens.begin() + at + 1, tokens.end());
      const int size = static_cast<int>(tail.size());
      if (static_cast<int>(after.size()) < size) continue;
      if (std::vector<text::TokenId>(after.begin(), after.begin() + size) == tail) {
        length = std::max(length, size);
      }
    }
    if (length >= 0) most = n - 1 - at - length;
  }
  std::map<text::TokenId, int> out;
  if (n <= p.dry_allowed_length || most < p.dry_allowed_length) return out;
  for (int at = 1; at < n; ++at) {
    int same = 0;
    while (same < at && tokens[static_cast<std::size_t>(at - 1 - same)] ==
                            tokens[static_cast<std::size_t>(n - 1 - same)]) {
      ++same;
    }
    same = std::min(same, most);
    const text::TokenId token = tokens[static_cast<std::size_t>(at)];
    if (same < p.dry_allowed_length) continue;
    const auto breaker = breakers.find(token);
    if (breaker != breakers.end() &&
        std::find(breaker->second.begin(), breaker->second.end(), std::vector<text::TokenId>{}) !=
            breaker->second.end()) {
      continue;
    }
    const auto [known, is_new] = out.emplace(token, same);
    known->second = std::max(known->second, same);
  }
  return out;
}

RC_GTEST_PROP(SamplerProperty, DryPunishesTheLongestRepetition, ()) {
  const std::vector<text::TokenId> history = any_history(*rc::gen::element(2, 3, 6));
  SamplingParams p;
  p.dry_multiplier = 0.8F;
  p.dry_base = *rc::gen::element(1.0F, 1.75F, 3.0F);
  p.dry_allowed_length = *rc::gen::inRange(0, 4);
  p.dry_last = *rc::gen::element(-1, 5, 20, 1000);
  DryBreakers breakers;
  if (*rc::gen::arbitrary<bool>()) breakers[1] = {{}};
  if (*rc::gen::arbitrary<bool>()) breakers[0] = {{1}, {1, 1}};
  std::vector<ir::LogitEdit> edits;
  Dry dry(p, std::make_shared<const DryBreakers>(breakers));
  dry.edits(history, edits);
  const std::map<text::TokenId, int> want = plain_dry(p, history, breakers);
  RC_ASSERT(edits.size() == want.size());
  for (const ir::LogitEdit& edit : edits) {
    RC_ASSERT(want.contains(edit.token));
    const double penalty =
        0.8 * std::pow(static_cast<double>(p.dry_base), want.at(edit.token) - p.dry_allowed_length);
    RC_ASSERT(std::abs(static_cast<double>(edit.bias) / -penalty - 1) < 1e-5);
  }
}

TEST(SamplerProperty, DryIsLinearAndFinite) {
  const std::vector<text::TokenId> history(100000, 7);
  SamplingParams p;
  p.dry_multiplier = 1;
  p.dry_last = -1;
  std::vector<ir::LogitEdit> edits;
  Dry(p, nullptr).edits(history, edits);
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_EQ(edits[0].bias, -std::numeric_limits<float>::max());
}

// A Zipf distribution of 500 tokens: the surprise of what is drawn comes to the target.
TEST(SamplerProperty, MirostatComesToItsTarget) {
  for (const std::int32_t version : {1, 2}) {
    for (const float tau : {2.0F, 4.0F}) {
      SamplingParams p;
      p.mirostat = version;
      p.mirostat_tau = tau;
      Candidates zipf;
      for (int i = 0; i < 500; ++i) {
        zipf.list.push_back({-1.1F * std::log(static_cast<float>(i + 1)), i});
      }
      Mirostat mirostat(p, 500);
      double surprise = 0;
      constexpr int kSteps = 2500, kWarm = 300;
      for (int step = 0; step < kSteps; ++step) {
        Candidates c = zipf;
        mirostat.cut(c);
        const Weights w = weights_of(c);
        // A draw by the cumulative distribution, of a number of its own.
        double u = static_cast<double>(uniform(9, static_cast<std::uint64_t>(step))) * w.total;
        std::size_t at = 0;
        while (at + 1 < c.size() && u >= w.weight[at]) u -= w.weight[at++];
        if (step >= kWarm) surprise -= std::log2(w.share(at));
        mirostat.chose(c, c.list[at].id);
      }
      EXPECT_NEAR(surprise / (kSteps - kWarm), static_cast<double>(tau), 0.1)
          << "version " << version;
    }
  }
}

}  // namespace
}  // namespace rocmforge::engine
