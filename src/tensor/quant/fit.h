// Scales that the encoders of the K types look for. All are deterministic.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/quant/lanes.h"
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

// A group of values with their weights, for fit_affine.
template <int kN>
class AffineFit {
 public:
  AffineFit(const float* x, const float* weight, int n_max)
      : greatest_(*std::max_element(x, x + kN)), top_(static_cast<float>(n_max)) {
    Lanes sum_w{}, sum_x{};
    for (int i = 0; i < kVectors; ++i) {
      x_[i] = lanes_at(x + kLanes * i);
      w_[i] = lanes_at(weight + kLanes * i);
      sum_w += w_[i];
      sum_x += w_[i] * x_[i];
    }
    sum_w_ = sum(sum_w);
    sum_x_ = sum(sum_x);
  }

  // Sets the codes to those of `steps` steps from `base` to the greatest value.
  void code(float base, float steps) {
    const Lanes scale = all_lanes(steps / (greatest_ - base)), from = all_lanes(base);
    for (int i = 0; i < kVectors; ++i) q_[i] = nearest_whole(scale * (x_[i] - from), 0, top_);
  }

  // Scale and minimum of least squares for the codes; scale 0 where they do not say.
  //   with W = sum w, S = sum w x, L = sum w q, Q = sum w q^2, P = sum w q x, D = W Q - L^2:
  //   scale = (W P - S L) / D, -min = (Q S - L P) / D;  P / Q and 0 where -min would be above 0.
  Affine solve() const {
    Lanes q{}, qq{}, xq{};
    for (int i = 0; i < kVectors; ++i) {
      const Lanes wq = w_[i] * q_[i];
      q += wq;
      qq += wq * q_[i];
      xq += wq * x_[i];
    }
    const float sum_q = sum(q), sum_qq = sum(qq), sum_xq = sum(xq);
    const float det = sum_w_ * sum_qq - sum_q * sum_q;
    if (!(det > 0)) return {};
    const Affine out{(sum_w_ * sum_xq - sum_x_ * sum_q) / det,
                     -(sum_qq * sum_x_ - sum_q * sum_xq) / det};
    return out.min < 0 ? Affine{sum_xq / sum_qq, 0} : out;
  }

  // Of the codes.
  float error(const Affine& a, bool absolute) const {
    const Lanes scale = all_lanes(a.scale), min = all_lanes(a.min);
    Lanes out{};
    for (int i = 0; i < kVectors; ++i) {
      const Lanes off = scale * q_[i] - min - x_[i];
      out += w_[i] * (absolute ? magnitudes(off) : off * off);
    }
    return sum(out);
  }

 private:
  static_assert(kN % kLanes == 0);
  static constexpr int kVectors = kN / kLanes;

  float greatest_, top_, sum_w_ = 0, sum_x_ = 0;
  Lanes x_[kVectors], w_[kVectors], q_[kVectors];
};

// The best of the plain scale and the trials, each of which is refined by least squares over its
// codes. The winner has the least weighted error, the first of equals.
template <int kN>
inline Affine fit_affine(const float* x, const float* weight, int n_max, const Trials& trials) {
  const float least = std::min(*std::min_element(x, x + kN), 0.0f);
  const float greatest = *std::max_element(x, x + kN);
  if (!(greatest > least)) return {0, -least};
  AffineFit<kN> fit(x, weight, n_max);
  const auto top = static_cast<float>(n_max);
  Affine best{(greatest - least) / top, -least};
  fit.code(least, top);
  float best_error = fit.error(best, trials.absolute);
  for (int t = 0; t < trials.n; ++t) {
    fit.code(-best.min, top + trials.first + trials.step * static_cast<float>(t));
    const Affine tried = fit.solve();
    if (!(tried.scale > 0)) continue;
    const float error = fit.error(tried, trials.absolute);
    if (error < best_error) {
      best = tried;
      best_error = error;
    }
  }
  return best;
}

// What kN values lose as scale * q - min, q the nearest in [low, high]: squares, weighted with the
// values' own and their mean, so that large values matter more, and no value little.
template <int kN>
inline float loss(const float* x, float scale, float min, float low, float high) {
  const Lanes to_codes = all_lanes(inverse(scale)), from_codes = all_lanes(scale);
  const Lanes base = all_lanes(min);
  Lanes squares{}, weighted{}, mean{};
  for (int i = 0; i < kN; i += kLanes) {
    const Lanes here = lanes_at(x + i), value = here + base;
    const Lanes off = from_codes * nearest_whole(to_codes * value, low, high) - value;
    squares += off * off;
    weighted += off * off * here * here;
    mean += here * here;
  }
  return sum(weighted) + sum(squares) * (sum(mean) / kN);
}

// Of the whole numbers `start` and those beside it, within [low, high], the one of least loss(it);
// `start` where none is less.
template <class Loss>
inline int best_beside(int start, int low, int high, Loss loss) {
  int best = start;
  float least = loss(start);
  for (const int tried : {start - 1, start + 1}) {
    if (tried < low || tried > high) continue;
    const float now = loss(tried);
    if (now < least) {
      best = tried;
      least = now;
    }
  }
  return best;
}

// Coded scales and minima, whole multiples of a block's two factors.
struct ScaleAndMin {
  int scale, min;
};

// Those beside `start`, each in [0, most], that lose least with codes in [0, n_max].
template <int kN>
inline ScaleAndMin best_scale_and_min(const float* x, ScaleAndMin start, int most, float d,
                                      float dmin, int n_max) {
  ScaleAndMin best = start;
  float least = std::numeric_limits<float>::infinity();
  const auto consider = [&](int scale, int min) {
    if (scale < 0 || scale > most || min < 0 || min > most) return;
    const float now = loss<kN>(x, d * static_cast<float>(scale), dmin * static_cast<float>(min), 0,
                               static_cast<float>(n_max));
    if (now < least) {
      best = {scale, min};
      least = now;
    }
  };
  consider(start.scale, start.min);
  for (int by_scale = -1; by_scale <= 1; ++by_scale) {
    for (int by_min = -1; by_min <= 1; ++by_min) {
      if (by_scale != 0 || by_min != 0) consider(start.scale + by_scale, start.min + by_min);
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
