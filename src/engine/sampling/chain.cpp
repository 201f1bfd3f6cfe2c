#include "engine/sampling/chain.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "engine/batch.h"
#include "engine/sampling/samplers.h"

namespace rocmforge::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool by_token(const ir::LogitEdit& a, const ir::LogitEdit& b) {
  return a.token < b.token;
}

// By token; a token's biases add up.
std::vector<ir::LogitEdit> bias_edits(std::vector<LogitBias> biases) {
  std::sort(biases.begin(), biases.end(), [](const LogitBias& a, const LogitBias& b) {
    return a.token != b.token ? a.token < b.token : a.bias < b.bias;
  });
  std::vector<ir::LogitEdit> out;
  for (const LogitBias& b : biases) {
    if (out.empty() || out.back().token != b.token) out.push_back({.token = b.token});
    out.back().bias += b.bias;
  }
  return out;
}

// Edits that there is room for from the beginning: of all tokens that are looked back over.
std::size_t usual_edits(const SamplingParams& p, std::int64_t n_vocab) {
  constexpr std::int64_t kMost = 1 << 14;
  const auto of = [&](std::int32_t last) {
    return last < 0 ? std::min(kMost, n_vocab) : std::min<std::int64_t>({kMost, n_vocab, last});
  };
  const std::int64_t n = (penalises(p) ? of(p.repeat_last) : 0) + (is_dry(p) ? of(p.dry_last) : 0);
  return static_cast<std::size_t>(n);
}

}  // namespace

SamplerChain::SamplerChain(const SamplingParams& params, std::int64_t n_vocab,
                           std::shared_ptr<const DryBreakers> breakers)
    : params_(params),
      plan_(plan_sampling(params, n_vocab)),
      penalties_(params, n_vocab),
      dry_(params, std::move(breakers)),
      biases_(bias_edits(params.logit_bias)),
      most_edits_(static_cast<std::size_t>(kMaxEdits)) {
  if (params.mirostat != 0) mirostat_.emplace(params, n_vocab);
  edits_.reserve(biases_.size() + std::max(most_edits_, usual_edits(params, n_vocab)));
  stage_edits_.reserve(usual_edits(params, n_vocab));
  find_edits({});
}

bool SamplerChain::runs_ahead() const {
  return plan_.by == ChosenBy::kDevice && !plan_.looks_back && edits_.size() <= most_edits_;
}

void SamplerChain::look_back(std::span<const text::TokenId> history) {
  if (plan_.looks_back) find_edits(history);
}

bool SamplerChain::on_device() const {
  return plan_.by != ChosenBy::kHost && edits_.size() <= most_edits_;
}

ir::SampleParams SamplerChain::params(std::int64_t position) const {
  return device_params(plan_, params_, position);
}

void SamplerChain::find_edits(std::span<const text::TokenId> history) {
  edits_.assign(biases_.begin(), biases_.end());
  for (const SamplerKind kind : plan_.leading) {
    const std::size_t first = edits_.size();
    if (kind == SamplerKind::kPenalties) penalties_.edits(history, edits_);
    if (kind == SamplerKind::kDry) dry_.edits(history, edits_);
    merge_edits(first);
  }
}

// Those from `first` on, one a token, into those before it: what scales comes before all that adds
// (plan.cpp: count_leading).
void SamplerChain::merge_edits(std::size_t first) {
  const auto end = edits_.begin() + static_cast<std::ptrdiff_t>(first);
  std::size_t kept = first;
  for (std::size_t i = first; i < edits_.size(); ++i) {
    const auto same = std::lower_bound(edits_.begin(), end, edits_[i], by_token);
    if (same == end || same->token != edits_[i].token) {
      edits_[kept++] = edits_[i];
      continue;
    }
    same->penalty *= edits_[i].penalty;
    same->bias += edits_[i].bias;
  }
  edits_.resize(kept);
  if (first > 0 && kept > first) std::sort(edits_.begin(), edits_.end(), by_token);
}

// Every token with a logit above -inf; a NaN counts as -inf. +inf is certain: it is all there is.
void SamplerChain::collect(std::span<const float> logits) {
  std::vector<Candidate>& list = candidates_.list;
  list.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    list[i] = {logits[i], static_cast<text::TokenId>(i)};
  }
  for (const ir::LogitEdit& edit : edits_) {
    if (edit.token < 0 || static_cast<std::size_t>(edit.token) >= logits.size()) continue;
    float& logit = list[static_cast<std::size_t>(edit.token)].logit;
    logit = edited(logit, edit);
  }
  std::erase_if(list, [](const Candidate& c) { return !(c.logit > -kInfinity); });
  const auto certain = std::find_if(list.begin(), list.end(),
                                    [](const Candidate& c) { return c.logit == kInfinity; });
  if (certain != list.end()) {
    list.front() = {0, certain->id};
    list.resize(1);
  }
  candidates_.n_sorted = 0;
}

void SamplerChain::apply(SamplerKind kind, bool is_last, std::span<const text::TokenId> history,
                         std::int64_t position) {
  Candidates& c = candidates_;
  const SamplingParams& p = params_;
  switch (kind) {
    case SamplerKind::kPenalties:
      stage_edits_.clear();
      penalties_.edits(history, stage_edits_);
      return apply_edits(c, stage_edits_);
    case SamplerKind::kDry:
      stage_edits_.clear();
      dry_.edits(history, stage_edits_);
      return apply_edits(c, stage_edits_);
    case SamplerKind::kTopNSigma:
      return keep_top_n_sigma(c, p.top_n_sigma);
    case SamplerKind::kTopK:
      return keep_top_k(c, p.top_k);
    case SamplerKind::kTypicalP:
      return keep_typical(c, p.typical_p);
    case SamplerKind::kTopP:
      return keep_top_p(c, p.top_p);
    case SamplerKind::kMinP:
      return keep_min_p(c, p.min_p);
    case SamplerKind::kXtc:
      // The draws of tokens have streams of their own (base/random.h).
      if (uniform(p.seed, static_cast<std::uint64_t>(position)) >= p.xtc_probability) return;
      return drop_likely(c, p.xtc_threshold);
    case SamplerKind::kTemperature: {
      const float range = p.mirostat != 0 ? 0 : p.dynatemp_range;
      const float t = dynamic_temperature(c, p.temperature, range, p.dynatemp_exponent);
      if (!is_last || t <= 0) return scale(c, t);
      temperature_ = t;  // as the device has it: the draw scales
      return;
    }
  }
}

text::TokenId SamplerChain::choose(std::span<const float> logits,
                                   std::span<const text::TokenId> history, std::int64_t position) {
  look_back(history);
  collect(logits);
  if (candidates_.list.empty()) return text::kNoToken;
  temperature_ = 1;
  if (plan_.greedy) {
    const auto& list = candidates_.list;
    return std::min_element(list.begin(), list.end(), better)->id;
  }
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
    const bool is_last = i + 1 == plan_.stages.size() && !mirostat_;
    apply(plan_.stages[i], is_last, history, position);
  }
  if (mirostat_) mirostat_->cut(candidates_);
  const text::TokenId chosen = draw(position);
  if (mirostat_) mirostat_->chose(candidates_, chosen);
  return chosen;
}

text::TokenId SamplerChain::draw(std::int64_t position) const {
  const auto at = static_cast<std::uint32_t>(position);
  Pick best{.logit = -kInfinity, .draw = 0, .id = text::kNoToken};
  for (const Candidate& c : candidates_.list) {
    const auto id = static_cast<std::uint32_t>(c.id);
    const RandomWords words = token_words(params_.seed, at, id / 4);
    const Pick pick{.logit = c.logit, .draw = gumbel(words.word[id % 4]), .id = c.id};
    if (beats(pick, best, temperature_)) best = pick;
  }
  check(best.id != text::kNoToken, "a draw of no candidates");
  return best.id;
}

}  // namespace rocmforge::engine
