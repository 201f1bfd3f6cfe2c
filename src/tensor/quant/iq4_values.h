// The 16 values of IQ4_NL and IQ4_XS, and a search for their scale. Layout: ggml's kvalues_iq4nl.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "tensor/quant/fit.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

// Rising, denser around 0 as weights are.
inline constexpr std::array<std::int8_t, 16> kIq4Values = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// The code of the value nearest to x, the greater of two equally near.
inline int nearest_iq4(float x) {
  int code = 0;
  for (unsigned i = 1; i < 16; ++i) {
    const float middle = 0.5f * static_cast<float>(kIq4Values[i - 1] + kIq4Values[i]);
    code += x >= middle ? 1 : 0;
  }
  return code;
}

// Those values themselves.
inline Lanes nearest_iq4_values(Lanes x) {
  Lanes value = all_lanes(kIq4Values[0]);
  for (unsigned i = 1; i < 16; ++i) {
    const Lanes middle = all_lanes(0.5f * static_cast<float>(kIq4Values[i - 1] + kIq4Values[i]));
    const Lanes step = all_lanes(static_cast<float>(kIq4Values[i] - kIq4Values[i - 1]));
    value += x >= middle ? step : Lanes{};
  }
  return value;
}

// A scale s of x[i] ~ s * value, of small error weighted by x^2 and its mean, for 32 values: those
// that put the extreme one at the table's end or up to 7 beside it are tried, each refined by least
// squares.
inline float fit_iq4(const float* x) {
  constexpr int kN = 32, kAround = 7;
  const float largest = extreme(x, kN);
  if (!(std::fabs(largest) >= kNothing)) return 0.0f;
  float best = 0.0f, best_gain = -1.0f;
  Lanes squares{};
  for (int i = 0; i < kN; i += kLanes) squares += lanes_at(x + i) * lanes_at(x + i);
  const Lanes mean = all_lanes(sum(squares) / kN);
  const auto consider = [&](float to_values) {
    Lanes sum_xv{}, sum_vv{};
    for (int i = 0; i < kN; i += kLanes) {
      const Lanes here = lanes_at(x + i);
      const Lanes value = nearest_iq4_values(all_lanes(to_values) * here);
      const Lanes weighted = (here * here + mean) * value;
      sum_xv += weighted * here;
      sum_vv += weighted * value;
    }
    const float xv = sum(sum_xv), vv = sum(sum_vv);
    if (!(vv > 0) || !(xv * xv > best_gain * vv)) return;
    best = xv / vv;
    best_gain = best * xv;
  };
  consider(-static_cast<float>(kIq4Values[0]) / largest);
  for (int t = -kAround; t <= kAround; ++t) {
    consider(static_cast<float>(t + kIq4Values[0]) / largest);
  }
  return best;
}

}  // namespace rocmforge::quant
