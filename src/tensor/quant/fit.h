// Scales that the encoders of the K types look for. All are deterministic.
#pragma once

#include <cmath>

#include "tensor/quant/round.h"

namespace rocmforge::quant {

inline constexpr float kNothing = 1e-15f;  // magnitudes below count as zero, as in ggml

// x[i] ~ scale * q[i] - min, q in [0, n_max], scale and min not negative.
struct Affine {
  float scale = 0, min = 0;
};

// Trial t, of n, stretches the codes to n_max + first + t * step steps from the best -min so far
// (at first the least value) to the greatest value.
struct Trials {
  float first = 0, step = 0;
  int n = 0;
  bool absolute = false;  // errors are magnitudes, not squares
};

// The best of the plain scale and the trials, each of which is refined by least squares over its
// codes:
//   with W = sum w, S = sum w x, L = sum w q, Q = sum w q^2, P = sum w q x, D = W Q - L^2:
//   scale = (W P - S L) / D, -min = (Q S - L P) / D;  P / Q and 0 where -min would be above 0.
// The winner has the least weighted error, the first of equals.
inline Affine fit_affine(const float* x, const float* weight, int n, int n_max,
                         const Trials& trials) {
  float least = x[0], greatest = x[0], sum_w = 0, sum_x = 0;
  for (int i = 0; i < n; ++i) {
    if (x[i] < least) least = x[i];
    if (x[i] > greatest) greatest = x[i];
    sum_w += weight[i];
    sum_x += weight[i] * x[i];
  }
  if (least > 0) least = 0;
  if (!(greatest > least)) return {0, -least};
  // The code of a value when `steps` steps reach from `base` to the greatest.
  const auto code = [&](float base, float steps, float value) {
    return static_cast<float>(nearest(steps / (greatest - base) * (value - base), 0, n_max));
  };
  const auto error = [&](float base, float steps, const Affine& a) {
    float sum = 0;
    for (int i = 0; i < n; ++i) {
      const float off = a.scale * code(base, steps, x[i]) - a.min - x[i];
      sum += weight[i] * (trials.absolute ? std::fabs(off) : off * off);
    }
    return sum;
  };
  const auto top = static_cast<float>(n_max);
  Affine best{(greatest - least) / top, -least};
  float best_error = error(least, top, best);
  for (int t = 0; t < trials.n; ++t) {
    const float steps = top + trials.first + trials.step * static_cast<float>(t);
    const float base = -best.min;
    float sum_q = 0, sum_qq = 0, sum_xq = 0;
    for (int i = 0; i < n; ++i) {
      const float q = code(base, steps, x[i]);
      sum_q += weight[i] * q;
      sum_qq += weight[i] * q * q;
      sum_xq += weight[i] * q * x[i];
    }
    const float det = sum_w * sum_qq - sum_q * sum_q;
    if (!(det > 0)) continue;
    Affine tried{(sum_w * sum_xq - sum_x * sum_q) / det, -(sum_qq * sum_x - sum_q * sum_xq) / det};
    if (tried.min < 0) tried = {sum_xq / sum_qq, 0};
    const float tried_error = error(base, steps, tried);
    if (tried_error < best_error) {
      best = tried;
      best_error = tried_error;
    }
  }
  return best;
}

// A scale s of x[i] ~ s * q[i], q in [-n_max, n_max - 1], of small error weighted by x^2. From the
// codes that put the extreme value at -n_max, each code in turn goes where it is best given the
// others, as long as that lowers the error, five times over; s is the least squares' of the codes.
template <int kN>
inline float fit_symmetric(const float* x, int n_max) {
  const float largest = extreme(x, kN);
  if (!(std::fabs(largest) >= kNothing)) return 0.0f;
  int q[kN];
  float xq = 0, qq = 0;
  for (int i = 0; i < kN; ++i) {
    q[i] = nearest(static_cast<float>(-n_max) / largest * x[i], -n_max, n_max - 1);
    const float w = x[i] * x[i], code = static_cast<float>(q[i]);
    xq += w * x[i] * code;
    qq += w * code * code;
  }
  for (int round = 0; round < 5; ++round) {
    bool changed = false;
    for (int i = 0; i < kN; ++i) {
      const float w = x[i] * x[i], old = static_cast<float>(q[i]);
      const float rest_xq = xq - w * x[i] * old, rest_qq = qq - w * old * old;
      if (!(rest_xq > 0)) continue;
      const int code = nearest(x[i] * rest_qq / rest_xq, -n_max, n_max - 1);
      if (code == q[i]) continue;
      const auto now = static_cast<float>(code);
      const float new_xq = rest_xq + w * x[i] * now, new_qq = rest_qq + w * now * now;
      if (new_qq > 0 && new_xq * new_xq * qq > xq * xq * new_qq) {
        q[i] = code;
        xq = new_xq;
        qq = new_qq;
        changed = true;
      }
    }
    if (!changed) break;
  }
  return qq > 0 ? xq / qq : 0.0f;
}

}  // namespace rocmforge::quant
