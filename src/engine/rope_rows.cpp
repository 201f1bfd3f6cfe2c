#include "engine/rope_rows.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "base/check.h"

namespace rocmforge::engine {
namespace {

// The pair that turns `turns` times within yarn's original context: a fraction, below 0 or past the
// last where none does.
double pair_of(const model::RopeParams& rope, double turns) {
  const double length = rope.yarn->n_ctx_original / (2 * std::numbers::pi * turns);
  return rope.n_rot * std::log(length) / (2 * std::log(rope.base));
}

// How much of pair i's frequency is kept, the rest being scaled: yarn's ramp, from 1 (fast pairs)
// to 0 (slow ones), its ends moved out to whole pairs as in the paper's own code.
double share_kept(const model::RopeParams& rope, std::int32_t i) {
  if (!rope.yarn) return 0;
  const double first = std::max(0.0, std::floor(pair_of(rope, rope.yarn->beta_fast)));
  const double last = std::min(rope.n_rot - 1.0, std::ceil(pair_of(rope, rope.yarn->beta_slow)));
  return 1 - std::clamp((i - first) / std::max(0.001, last - first), 0.0, 1.0);
}

}  // namespace

RopeRows::RopeRows(const model::RopeParams& params, std::span<const float> factors)
    : magnitude_(params.magnitude) {
  const std::int32_t n = params.n_rot / 2;
  check(factors.empty() || std::ssize(factors) == n, "a rope factor for each frequency");
  for (std::int32_t i = 0; i < n; ++i) {
    const double factor =
        factors.empty() ? 1.0 : static_cast<double>(factors[static_cast<std::size_t>(i)]);
    const double share = share_kept(params, i);
    frequencies_.push_back((share + (1 - share) * params.scale) *
                           std::pow(params.base, -2.0 * i / params.n_rot) / factor);
  }
}

void RopeRows::write(std::int32_t position, std::span<float> out) const {
  check(out.size() == 2 * frequencies_.size(), "a rope row holds n_rot floats");
  for (std::size_t i = 0; i < frequencies_.size(); ++i) {
    const double angle = position * frequencies_[i];
    out[2 * i] = static_cast<float>(magnitude_ * std::cos(angle));
    out[2 * i + 1] = static_cast<float>(magnitude_ * std::sin(angle));
  }
}

}  // namespace rocmforge::engine
