#include "engine/sampling/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/sampling/dry.h"
#include "engine/sampling/penalties.h"

namespace rocmforge::engine {
namespace {

using enum SamplerKind;

bool does_something(SamplerKind kind, const SamplingParams& p, std::int64_t n_vocab) {
  switch (kind) {
    case kPenalties:
      return penalises(p);
    case kDry:
      return is_dry(p);
    case kTopNSigma:
      return p.top_n_sigma > 0;
    case kTopK:
      return p.top_k > 0 && p.top_k < n_vocab;
    case kTypicalP:
      return p.typical_p < 1;
    case kTopP:
      return p.top_p < 1;
    case kMinP:
      return p.min_p > 0;
    case kXtc:
      return p.xtc_probability > 0 && p.xtc_threshold <= 0.5F;  // above it one token is likely
    case kTemperature:
      return p.temperature != 1 || p.dynatemp_range > 0;
  }
  return false;
}

// With mirostat, all others but the temperature are left out, as llama.cpp does.
std::vector<SamplerKind> active(const SamplingParams& p, std::int64_t n_vocab) {
  std::vector<SamplerKind> out;
  if (p.mirostat != 0) {
    if (p.temperature != 1) out.push_back(kTemperature);
    return out;
  }
  for (const SamplerKind kind : p.samplers) {
    if (does_something(kind, p, n_vocab)) out.push_back(kind);
  }
  return out;
}

// The k best stay the k best whatever the temperature, and whether or not less likely ones were
// dropped before by comparison with the best.
void move_top_k_forward(std::vector<SamplerKind>& stages, const SamplingParams& p) {
  const bool orders = p.temperature > 0 && p.dynatemp_range <= 0;
  for (std::size_t i = 1; i < stages.size(); ++i) {
    for (std::size_t j = i; j > 0 && stages[j] == kTopK; --j) {
      const SamplerKind before = stages[j - 1];
      if (before != kMinP && !(before == kTemperature && orders)) break;
      std::swap(stages[j], stages[j - 1]);
    }
  }
}

// How many of the chain's first samplers make, with the biases, one edit a token: an edit scales,
// then adds.
std::size_t count_leading(const std::vector<SamplerKind>& chain, const SamplingParams& p) {
  bool added = std::any_of(p.logit_bias.begin(), p.logit_bias.end(),
                           [](const LogitBias& b) { return std::isfinite(b.bias) && b.bias != 0; });
  std::size_t n = 0;
  for (; n < chain.size(); ++n) {
    if (chain[n] != kPenalties && chain[n] != kDry) break;
    if (chain[n] == kPenalties && p.repeat_penalty != 1 && added) break;
    added = true;
  }
  return n;
}

// At temperature 0, whether the likeliest is what is left, whatever comes before and after.
bool is_greedy(const std::vector<SamplerKind>& stages, const SamplingParams& p) {
  if (p.temperature > 0 || (p.dynatemp_range > 0 && p.mirostat == 0)) return false;
  const auto at = std::find(stages.begin(), stages.end(), kTemperature);
  if (at == stages.end()) return false;
  return std::all_of(stages.begin(), at, [](SamplerKind kind) {
    return kind == kTopNSigma || kind == kTopK || kind == kTopP || kind == kMinP;
  });
}

// Whether `stages` are of those that the device has, in its order.
bool device_has(const std::vector<SamplerKind>& stages, const SamplingParams& p) {
  constexpr SamplerKind kOrder[] = {kTopK, kTopP, kMinP, kTemperature};
  const SamplerKind* at = std::begin(kOrder);
  for (const SamplerKind kind : stages) {
    at = std::find(at, std::end(kOrder), kind);
    if (at == std::end(kOrder)) return false;
    ++at;
  }
  const bool fixed = p.dynatemp_range <= 0 && p.temperature > 0;
  return fixed || std::find(stages.begin(), stages.end(), kTemperature) == stages.end();
}

ChosenBy chosen_by(const SamplingPlan& plan, const SamplingParams& p) {
  if (p.mirostat != 0 || p.n_logprobs >= 0) return ChosenBy::kHost;
  if (plan.greedy) return ChosenBy::kDevice;
  if (!device_has(plan.stages, p)) return ChosenBy::kHost;
  const auto cuts = [&](SamplerKind kind) {
    return std::find(plan.stages.begin(), plan.stages.end(), kind) != plan.stages.end();
  };
  if (!cuts(kTopK)) {
    return cuts(kTopP) || cuts(kMinP) ? ChosenBy::kDeviceOrHost : ChosenBy::kDevice;
  }
  if (p.top_k <= ir::kMaxCandidates) return ChosenBy::kDevice;
  // A longer list than the device's. What top-p leaves of it depends on the whole of it; what min-p
  // leaves is all among the device's candidates when one of them is cut.
  return cuts(kMinP) && !cuts(kTopP) ? ChosenBy::kDeviceOrHost : ChosenBy::kHost;
}

}  // namespace

SamplingPlan plan_sampling(const SamplingParams& params, std::int64_t n_vocab) {
  SamplingPlan out;
  std::vector<SamplerKind> chain = active(params, n_vocab);
  const auto n_leading = static_cast<std::ptrdiff_t>(count_leading(chain, params));
  out.leading.assign(chain.begin(), chain.begin() + n_leading);
  out.stages.assign(chain.begin() + n_leading, chain.end());
  move_top_k_forward(out.stages, params);
  out.greedy = is_greedy(out.stages, params);
  if (out.greedy) out.stages.clear();
  out.looks_back = !out.leading.empty();
  out.by = chosen_by(out, params);
  return out;
}

ir::SampleParams device_params(const SamplingPlan& plan, const SamplingParams& p,
                               std::int64_t position) {
  ir::SampleParams out;
  out.mode = ir::SampleMode::kAll;
  out.temperature = plan.greedy ? 0.0F : 1.0F;
  out.log_min_p = -std::numeric_limits<float>::infinity();
  for (const SamplerKind kind : plan.stages) {
    if (kind == kTemperature) {
      out.temperature = p.temperature;
      continue;
    }
    out.mode = ir::SampleMode::kCandidates;
    if (kind == kTopK) out.top_k = p.top_k <= ir::kMaxCandidates ? p.top_k : 0;
    if (kind == kTopP) out.top_p = p.top_p;
    if (kind == kMinP) out.log_min_p = std::log(p.min_p);
  }
  out.seed_low = static_cast<std::uint32_t>(p.seed);
  out.seed_high = static_cast<std::uint32_t>(p.seed >> 32);
  out.position = static_cast<std::uint32_t>(position);
  return out;
}

}  // namespace rocmforge::engine
