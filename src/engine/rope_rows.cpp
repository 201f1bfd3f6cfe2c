#include "engine/rope_rows.h"

#include <cmath>

#include "base/check.h"

namespace rocmforge::engine {

RopeRows::RopeRows(const model::RopeParams& params, std::span<const float> factors) {
  const auto n = static_cast<std::size_t>(params.n_rot / 2);
  check(factors.empty() || factors.size() == n, "a rope factor for each frequency");
  for (std::size_t i = 0; i < n; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / params.n_rot;
    const double factor = factors.empty() ? 1.0 : static_cast<double>(factors[i]);
    frequencies_.push_back(params.scale * std::pow(params.base, exponent) / factor);
  }
}

void RopeRows::write(std::int32_t position, std::span<float> out) const {
  check(out.size() == 2 * frequencies_.size(), "a rope row holds n_rot floats");
  for (std::size_t i = 0; i < frequencies_.size(); ++i) {
    const double angle = position * frequencies_[i];
    out[2 * i] = static_cast<float>(std::cos(angle));
    out[2 * i + 1] = static_cast<float>(std::sin(angle));
  }
}

}  // namespace rocmforge::engine
