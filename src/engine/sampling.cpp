#include "engine/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "engine/random.h"

namespace rocmforge::engine {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

}  // namespace

Sampler::Sampler(const SamplingParams& params) : params_(params) {}

// Every token with a logit above -inf; a NaN counts as -inf.
void Sampler::collect(std::span<const float> logits, std::span<const text::TokenId> history) {
  candidates_.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float logit = std::isnan(logits[i]) ? kMinusInfinity : logits[i];
    candidates_[i] = {logit, static_cast<text::TokenId>(i)};
  }
  if (params_.repeat_penalty != 1 && params_.repeat_last > 0) {
    // Keskar et al., arXiv:1909.05858: divide what is positive, multiply what is negative, once a
    // token however often it occurred.
    const auto n =
        std::min<std::size_t>(history.size(), static_cast<std::size_t>(params_.repeat_last));
    for (const text::TokenId id : history.last(n)) {
      if (id < 0 || static_cast<std::size_t>(id) >= logits.size()) continue;
      const float logit = logits[static_cast<std::size_t>(id)];
      const float edited =
          logit > 0 ? logit / params_.repeat_penalty : logit * params_.repeat_penalty;
      // 0 times an endless penalty is no number; a NaN would leave the candidates without order.
      candidates_[static_cast<std::size_t>(id)].logit =
          std::isnan(edited) ? kMinusInfinity : edited;
    }
  }
  std::erase_if(candidates_, [](const Candidate& c) { return c.logit == kMinusInfinity; });
}

void Sampler::keep_top_k() {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  const auto k = params_.top_k > 0 ? std::min<std::size_t>(candidates_.size(),
                                                           static_cast<std::size_t>(params_.top_k))
                                   : candidates_.size();
  if (k < candidates_.size()) {
    const auto nth = candidates_.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(candidates_.begin(), nth, candidates_.end(), better);
    candidates_.resize(k);
  }
  std::sort(candidates_.begin(), candidates_.end(), better);
}

// The smallest set whose probability reaches top_p, then those of at least min_p of the best.
void Sampler::keep_top_p_min_p() {
  const float best = candidates_.front().logit;
  if (params_.top_p < 1) {
    double total = 0;
    for (const Candidate& c : candidates_) total += std::exp(static_cast<double>(c.logit - best));
    double sum = 0;
    std::size_t kept = 0;
    while (kept < candidates_.size() && sum < static_cast<double>(params_.top_p) * total) {
      sum += std::exp(static_cast<double>(candidates_[kept++].logit - best));
    }
    candidates_.resize(std::max<std::size_t>(kept, 1));
  }
  if (params_.min_p > 0) {
    const float least = best + std::log(params_.min_p);
    std::erase_if(candidates_, [&](const Candidate& c) { return c.logit < least; });
  }
}

text::TokenId Sampler::sample(std::span<const float> logits, std::span<const text::TokenId> history,
                              std::int64_t position) {
  collect(logits, history);
  if (candidates_.empty()) return text::kNoToken;
  if (params_.temperature <= 0) {
    return std::max_element(candidates_.begin(), candidates_.end(),
                            [](const Candidate& a, const Candidate& b) {
                              return a.logit != b.logit ? a.logit < b.logit : a.id > b.id;
                            })
        ->id;
  }
  keep_top_k();
  if (!std::isfinite(candidates_.front().logit)) return candidates_.front().id;  // +inf: certain
  keep_top_p_min_p();

  const float best = candidates_.front().logit;
  double total = 0;
  for (Candidate& c : candidates_) {
    c.weight = std::exp((c.logit - best) / params_.temperature);
    total += static_cast<double>(c.weight);
  }
  double left =
      static_cast<double>(uniform(params_.seed, static_cast<std::uint64_t>(position))) * total;
  for (std::size_t i = 0; i + 1 < candidates_.size(); ++i) {
    left -= static_cast<double>(candidates_[i].weight);
    if (left < 0) return candidates_[i].id;
  }
  return candidates_.back().id;
}

std::vector<double> log_probabilities(std::span<const float> logits,
                                      std::span<const text::TokenId> ids) {
  check(!logits.empty(), "log-probabilities of no logits");
  const float best = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - best));
  const double log_sum = std::log(sum) + static_cast<double>(best);
  std::vector<double> out;
  out.reserve(ids.size());
  for (const text::TokenId id : ids) {
    check(id >= 0 && static_cast<std::size_t>(id) < logits.size(), "token outside the vocabulary");
    out.push_back(static_cast<double>(logits[static_cast<std::size_t>(id)]) - log_sum);
  }
  return out;
}

}  // namespace rocmforge::engine
