// How far a result is from what is wanted.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace rocmforge::optest {

// Errors below this are none: what is left of silu where exp would overflow.
inline constexpr double kNothing = 1e-20;

// The worst of |got - want| / (|want| + size), size the root mean square of the row or `least`;
// where `allowed` is not empty, of what is above it. Infinite where one of them is no number or
// infinite and the other is another.
template <class Want>
double worst_error(const std::vector<float>& got, const std::vector<Want>& want, std::size_t cols,
                   double least = kNothing, const std::vector<double>& allowed = {}) {
  if (got.size() != want.size()) return INFINITY;
  double worst = 0;
  for (std::size_t begin = 0; begin < want.size(); begin += cols) {
    double squares = 0;
    for (std::size_t i = begin; i < begin + cols; ++i) {
      const auto w = static_cast<double>(want[i]);
      if (std::isfinite(w)) squares += w * w;
    }
    const double size = std::max(least, std::sqrt(squares / static_cast<double>(cols)));
    for (std::size_t i = begin; i < begin + cols; ++i) {
      const auto g = static_cast<double>(got[i]), w = static_cast<double>(want[i]);
      if (g == w) continue;
      const double above = allowed.empty() ? 0 : std::abs(g - w) - allowed.at(i);
      const double off = allowed.empty() ? std::abs(g - w) : above < 0 ? 0 : above;
      const double error = off / (std::abs(w) + size);
      worst = std::isfinite(error) ? std::max(worst, error) : INFINITY;
    }
  }
  return worst;
}

}  // namespace rocmforge::optest
