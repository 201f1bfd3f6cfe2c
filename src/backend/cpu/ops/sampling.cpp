#include "backend/cpu/ops/sampling.h"

namespace rocmforge::cpu {
namespace {

RandomWords words_of(const ir::SampleParams& p, std::int64_t token) {
  const std::uint64_t seed = std::uint64_t{p.seed_high} << 32 | p.seed_low;
  return token_words(seed, p.position, static_cast<std::uint32_t>(token / 4));
}

}  // namespace

void edit_slice(const SampleStep& step, const ir::SampleParams& params, const float* logits,
                std::int64_t begin, std::int64_t n, float* y) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float x = logits[begin + i];
    y[i] = std::isnan(x) ? kMinusInfinity : x;
  }
  const std::int64_t end =
      std::min<std::int64_t>(step.max_edits, std::int64_t{params.edits_begin} + params.n_edits);
  for (std::int64_t e = std::max(params.edits_begin, 0); e < end; ++e) {
    const ir::LogitEdit& edit = step.edits[e];
    if (edit.token < begin || edit.token >= begin + n) continue;
    const float x = logits[edit.token];
    const float edited = (x > 0 ? x / edit.penalty : x * edit.penalty) + edit.bias;
    y[edit.token - begin] = std::isnan(edited) ? kMinusInfinity : edited;
  }
  if (params.mask < 0 || step.mask_words == 0) return;
  const std::uint32_t* mask = step.masks + std::int64_t{params.mask} * step.mask_words;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t token = begin + i;
    if ((mask[token / 32] >> (token % 32) & 1U) == 0) y[i] = kMinusInfinity;
  }
}

Pick pick_slice(const Elementwise& e, const ir::SampleParams& p, const float* x, std::int64_t begin,
                std::int64_t n) {
  const float largest = e.max(x, n);
  if (!(largest > kMinusInfinity)) return {.logit = kMinusInfinity, .draw = 0, .id = -1};
  const std::int64_t at = std::find(x, x + n, largest) - x;
  const auto id = [begin](std::int64_t i) { return static_cast<int>(begin + i); };
  Pick best{.logit = largest, .draw = 0, .id = id(at)};
  if (p.temperature == 0) return best;
  best.draw = gumbel(words_of(p, begin + at).word[(begin + at) % 4]);
  // Below this the greatest draw would not help; less what its rounding may cost.
  const auto least = [&] {
    return best.logit + (best.draw - kMaxGumbel) * p.temperature - std::abs(best.logit) * 1e-6F;
  };
  float floor = least();
  RandomWords words{};
  std::int64_t group = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    if (x[i] < floor || x[i] == kMinusInfinity) continue;
    if (i / 4 != group) {
      group = i / 4;
      words = words_of(p, begin + i);
    }
    const Pick pick{.logit = x[i], .draw = gumbel(words.word[i % 4]), .id = id(i)};
    if (!beats(pick, best, p.temperature)) continue;
    best = pick;
    floor = least();
  }
  return best;
}

std::int32_t choose(const ir::SampleParams& p, const Candidates& c) {
  if (c.n == 0) return ir::kNoSample;
  const float best = c.values[0];
  if (!std::isfinite(best)) return c.tokens[0];  // +inf: certain
  std::int32_t n = p.top_k > 0 ? std::min(c.n, p.top_k) : c.n;
  // Whether all that the cuts leave is among the n.
  bool settled = c.complete || p.top_k > 0;
  const auto weight = [&](std::int32_t i) {
    return std::exp(static_cast<double>(c.values[i] - best));
  };
  if (p.top_p < 1) {
    double total = c.exp_total;
    if (p.top_k > 0) {
      total = 0;
      for (std::int32_t i = 0; i < n; ++i) total += weight(i);
    }
    double sum = 0;
    std::int32_t kept = 0;
    while (kept < n && sum < static_cast<double>(p.top_p) * total) sum += weight(kept++);
    settled = settled || sum >= static_cast<double>(p.top_p) * total;
    n = std::max(kept, 1);
  }
  const float least = best + p.log_min_p;
  while (n > 1 && c.values[n - 1] < least) {
    --n;
    settled = true;
  }
  if (!settled) return ir::kUndecided;
  Pick chosen{.logit = kMinusInfinity, .draw = 0, .id = -1};
  for (std::int32_t i = 0; i < n; ++i) {
    const std::int32_t token = c.tokens[i];
    const Pick pick{
        .logit = c.values[i], .draw = gumbel(words_of(p, token).word[token % 4]), .id = token};
    if (beats(pick, chosen, p.temperature)) chosen = pick;
  }
  return chosen.id;
}

}  // namespace rocmforge::cpu
