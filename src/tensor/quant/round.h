// Rounding shared by the encoders.
#pragma once

#include <cmath>

namespace rocmforge::quant {

// x held within [low, high], low when x is NaN.
constexpr float held(float x, float low, float high) {
  if (!(x > low)) return low;
  return x < high ? x : high;
}

// The whole number nearest to x within [low, high] (of at most 22 bits), ties to even.
constexpr float nearest_whole(float x, float low, float high) {
  // Adding 1.5 * 2^23 leaves no fraction bits, so the sum is rounded to an integer.
  constexpr float kNoFraction = 0x1.8p23f;
  return held(x, low, high) + kNoFraction - kNoFraction;
}

constexpr int nearest(float x, int low, int high) {
  return static_cast<int>(nearest_whole(x, static_cast<float>(low), static_cast<float>(high)));
}

// 1/x, and 0 for 0: the inverse of a block's scale.
constexpr float inverse(float x) {
  return x != 0.0f ? 1.0f / x : 0.0f;
}

// The value of largest magnitude among n, with its sign; the first of equals.
inline float extreme(const float* x, int n) {
  float best = 0.0f;
  for (int i = 0; i < n; ++i) {
    if (std::fabs(x[i]) > std::fabs(best)) best = x[i];
  }
  return best;
}

}  // namespace rocmforge::quant
