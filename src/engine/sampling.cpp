#include "engine/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "engine/batch.h"

namespace rocmforge::engine {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

bool penalises(const SamplingParams& p) {
  return p.repeat_penalty != 1 && p.repeat_last > 0;
}

// Top-k, as one that cuts nothing away counts.
bool cuts_top_k(const SamplingParams& p, std::int64_t n_vocab) {
  return p.top_k > 0 && p.top_k < n_vocab;
}
bool cuts_top_p(const SamplingParams& p) {
  return p.top_p < 1;
}
bool cuts_min_p(const SamplingParams& p) {
  return p.min_p > 0;
}

}  // namespace

bool looks_back(const SamplingParams& params) {
  return penalises(params);
}

ChosenBy chosen_by(const SamplingParams& p, std::int64_t n_vocab) {
  if (penalises(p) && p.repeat_last > kMaxEdits) return ChosenBy::kHost;
  if (p.temperature <= 0) return ChosenBy::kDevice;
  if (!cuts_top_k(p, n_vocab)) {
    return cuts_top_p(p) || cuts_min_p(p) ? ChosenBy::kDeviceOrHost : ChosenBy::kDevice;
  }
  if (p.top_k <= ir::kMaxCandidates) return ChosenBy::kDevice;
  // A longer list than the device's. What top-p leaves of it depends on the whole of it; what min-p
  // leaves is all among the device's candidates when one of them is cut.
  return cuts_min_p(p) && !cuts_top_p(p) ? ChosenBy::kDeviceOrHost : ChosenBy::kHost;
}

ir::SampleParams device_params(const SamplingParams& p, std::int64_t n_vocab,
                               std::int64_t position) {
  ir::SampleParams out;
  const bool cuts = cuts_top_k(p, n_vocab) || cuts_top_p(p) || cuts_min_p(p);
  out.mode = p.temperature > 0 && cuts ? ir::SampleMode::kCandidates : ir::SampleMode::kAll;
  const bool fits = cuts_top_k(p, n_vocab) && p.top_k <= ir::kMaxCandidates;
  out.top_k = fits ? p.top_k : 0;
  out.temperature = std::max(p.temperature, 0.0F);
  out.top_p = p.top_p;
  out.log_min_p = cuts_min_p(p) ? std::log(p.min_p) : kMinusInfinity;
  out.seed_low = static_cast<std::uint32_t>(p.seed);
  out.seed_high = static_cast<std::uint32_t>(p.seed >> 32);
  out.position = static_cast<std::uint32_t>(position);
  return out;
}

void penalty_edits(const SamplingParams& params, std::span<const text::TokenId> history,
                   std::vector<ir::LogitEdit>& out) {
  out.clear();
  if (!penalises(params)) return;
  const auto n =
      std::min<std::size_t>(history.size(), static_cast<std::size_t>(params.repeat_last));
  for (const text::TokenId id : history.last(n)) {
    out.push_back({.token = id, .penalty = params.repeat_penalty, .bias = 0});
  }
  const auto by_token = [](const ir::LogitEdit& a, const ir::LogitEdit& b) {
    return a.token < b.token;
  };
  const auto same = [](const ir::LogitEdit& a, const ir::LogitEdit& b) {
    return a.token == b.token;
  };
  std::sort(out.begin(), out.end(), by_token);
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
}

Sampler::Sampler(const SamplingParams& params) : params_(params) {}

// Every token with a logit above -inf; a NaN counts as -inf.
void Sampler::collect(std::span<const float> logits, std::span<const text::TokenId> history) {
  candidates_.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float logit = std::isnan(logits[i]) ? kMinusInfinity : logits[i];
    candidates_[i] = {logit, static_cast<text::TokenId>(i)};
  }
  if (penalises(params_)) {
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
  if (cuts_top_k(params_, std::ssize(logits)) || cuts_top_p(params_) || cuts_min_p(params_)) {
    keep_top_k();
    if (!std::isfinite(candidates_.front().logit)) return candidates_.front().id;  // +inf: certain
    keep_top_p_min_p();
  }
  return draw(position);
}

text::TokenId Sampler::draw(std::int64_t position) const {
  const auto at = static_cast<std::uint32_t>(position);
  Pick best{.logit = kMinusInfinity, .draw = 0, .id = text::kNoToken};
  for (const Candidate& c : candidates_) {
    const auto id = static_cast<std::uint32_t>(c.id);
    const RandomWords words = token_words(params_.seed, at, id / 4);
    const Pick pick{.logit = c.logit, .draw = gumbel(words.word[id % 4]), .id = c.id};
    if (beats(pick, best, params_.temperature)) best = pick;
  }
  return best.id;
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
