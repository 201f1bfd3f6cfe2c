// Highway compiles this file once for each target below (foreach_target.h includes it again); the
// table is picked by our own Isa, so that nothing of Highway's is linked.
#include "backend/cpu/vector/elementwise.h"

#include <cmath>

// Only the targets that Isa names: the scalar one, AVX2 and AVX3 (AVX-512 F, BW, DQ, VL).
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (~(HWY_SCALAR | HWY_EMU128 | HWY_AVX2 | HWY_AVX3))
#define HWY_COMPILE_ALL_ATTAINABLE

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/vector/elementwise.cpp"
#include <hwy/foreach_target.h>  // first
#include <hwy/highway.h>
//
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

std::int64_t lanes() {
  return static_cast<std::int64_t>(hn::Lanes(D()));
}
auto first(std::int64_t n) {
  return hn::FirstN(D(), static_cast<std::size_t>(n));
}
// The n < lanes() values that end a row, then zeros.
V load_first(const float* x, std::int64_t n) {
#if HWY_TARGET == HWY_EMU128
  float part[4] = {};  // its MaskedLoad would read past the row
  for (std::int64_t i = 0; i < n; ++i) part[i] = x[i];
  return hn::LoadU(D(), part);
#else
  return hn::MaskedLoad(first(n), D(), x);
#endif
}

void rms_norm(const float* x, const float* gain, std::int64_t n, float eps, float* y) {
  const D d;
  const std::int64_t step = lanes();
  // Several sums keep the error and the chain of additions short.
  V sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  std::int64_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
    for (int j = 0; j < 4; ++j) {
      const V v = hn::LoadU(d, x + i + j * step);
      sum[j] = hn::MulAdd(v, v, sum[j]);
    }
  }
  for (; i < n; i += step) {
    const V v = n - i >= step ? hn::LoadU(d, x + i) : load_first(x + i, n - i);
    sum[0] = hn::MulAdd(v, v, sum[0]);
  }
  const V all = hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]));
  const float squares = hn::GetLane(hn::SumOfLanes(d, all));
  const V inverse = hn::Set(d, 1.0F / std::sqrt(squares / static_cast<float>(n) + eps));
  for (i = 0; i + step <= n; i += step) {
    const V v = hn::Mul(hn::LoadU(d, x + i), inverse);
    hn::StoreU(hn::Mul(v, hn::LoadU(d, gain + i)), d, y + i);
  }
  if (i < n) {
    const auto m = first(n - i);
    const V v = hn::Mul(load_first(x + i, n - i), inverse);
    hn::BlendedStore(hn::Mul(v, load_first(gain + i, n - i)), m, d, y + i);
  }
}

void add(const float* a, const float* b, std::int64_t n, float* y) {
  const D d;
  const std::int64_t step = lanes();
  std::int64_t i = 0;
  for (; i + step <= n; i += step) {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  }
  if (i < n) {
    const auto m = first(n - i);
    hn::BlendedStore(hn::Add(load_first(a + i, n - i), load_first(b + i, n - i)), m, d, y + i);
  }
}

void scale(const float* x, std::int64_t n, float factor, float* y) {
  const D d;
  const V f = hn::Set(d, factor);
  const std::int64_t step = lanes();
  std::int64_t i = 0;
  for (; i + step <= n; i += step) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), f), d, y + i);
  if (i < n) {
    const auto m = first(n - i);
    hn::BlendedStore(hn::Mul(load_first(x + i, n - i), f), m, d, y + i);
  }
}

// Highway's Exp would lose a NaN, which must stay visible.
V exp_or_nan(D d, V x) {
  const auto nan = hn::IsNaN(x);
  return hn::IfThenElse(nan, x, hn::Exp(d, hn::IfThenZeroElse(nan, x)));
}

V silu(D d, V t) {
  // exp(88) is the last power below the largest float; t / (1 + exp(88)) is 0 for our purposes.
  const V e = exp_or_nan(d, hn::Min(hn::Neg(t), hn::Set(d, 88.0F)));
  return hn::Div(t, hn::Add(hn::Set(d, 1.0F), e));
}

void swiglu(const float* gate, const float* up, std::int64_t n, float* y) {
  const D d;
  const std::int64_t step = lanes();
  std::int64_t i = 0;
  for (; i + step <= n; i += step) {
    hn::StoreU(hn::Mul(silu(d, hn::LoadU(d, gate + i)), hn::LoadU(d, up + i)), d, y + i);
  }
  if (i < n) {
    const auto m = first(n - i);
    const V g = load_first(gate + i, n - i);
    hn::BlendedStore(hn::Mul(silu(d, g), load_first(up + i, n - i)), m, d, y + i);
  }
}

void rope_norm(const float* x, const float* cos_sin, std::int64_t n_pairs, float* y) {
  const D d;
  const std::int64_t step = lanes();
  std::int64_t i = 0;
  for (; i + step <= n_pairs; i += step) {
    V c, s, a, b;
    hn::LoadInterleaved2(d, cos_sin + 2 * i, c, s);
    hn::LoadInterleaved2(d, x + 2 * i, a, b);
    hn::StoreInterleaved2(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)),
                          hn::Add(hn::Mul(a, s), hn::Mul(b, c)), d, y + 2 * i);
  }
  for (; i < n_pairs; ++i) {
    const float c = cos_sin[2 * i], s = cos_sin[2 * i + 1], a = x[2 * i], b = x[2 * i + 1];
    y[2 * i] = a * c - b * s;
    y[2 * i + 1] = a * s + b * c;
  }
}

void rope_neox(const float* x, const float* cos_sin, std::int64_t n_pairs, float* y) {
  const D d;
  const std::int64_t step = lanes();
  std::int64_t i = 0;
  for (; i + step <= n_pairs; i += step) {
    V c, s;
    hn::LoadInterleaved2(d, cos_sin + 2 * i, c, s);
    const V a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + n_pairs + i);
    hn::StoreU(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), d, y + i);
    hn::StoreU(hn::Add(hn::Mul(a, s), hn::Mul(b, c)), d, y + n_pairs + i);
  }
  for (; i < n_pairs; ++i) {
    const float c = cos_sin[2 * i], s = cos_sin[2 * i + 1], a = x[i], b = x[n_pairs + i];
    y[i] = a * c - b * s;
    y[n_pairs + i] = a * s + b * c;
  }
}

float max(const float* x, std::int64_t n) {
  const D d;
  const std::int64_t step = lanes();
  if (n < step) {
    float best = x[0];
    for (std::int64_t i = 1; i < n; ++i) best = std::fmax(best, x[i]);
    return best;
  }
  V best = hn::LoadU(d, x);
  for (std::int64_t i = step; i < n; i += step) {
    best = hn::Max(best, hn::LoadU(d, x + (n - i >= step ? i : n - step)));
  }
  // Not MaxOfLanes: of the emulated vectors it begins at the lowest finite number, above -inf.
  float all[HWY_MAX_BYTES / sizeof(float)];
  hn::StoreU(best, d, all);
  float largest = all[0];
  for (std::int64_t i = 1; i < step; ++i) largest = std::fmax(largest, all[i]);
  return largest;
}

float exp_sum(const float* x, std::int64_t n, float shift, float* y) {
  const D d;
  const V s = hn::Set(d, shift);
  const std::int64_t step = lanes();
  V sum = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + step <= n; i += step) {
    const V e = exp_or_nan(d, hn::Sub(hn::LoadU(d, x + i), s));
    sum = hn::Add(sum, e);
    hn::StoreU(e, d, y + i);
  }
  if (i < n) {
    const auto m = first(n - i);
    const V e = hn::IfThenElseZero(m, exp_or_nan(d, hn::Sub(load_first(x + i, n - i), s)));
    sum = hn::Add(sum, e);
    hn::BlendedStore(e, m, d, y + i);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

}  // namespace

Elementwise table(Isa isa) {
  return {isa, rms_norm, add, scale, swiglu, rope_norm, rope_neox, max, exp_sum};
}

}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

const Elementwise& elementwise(Isa isa) {
  static const Elementwise scalar = HWY_STATIC_DISPATCH(table)(Isa::kScalar);
#if HWY_TARGETS & HWY_AVX2
  static const Elementwise avx2 = N_AVX2::table(Isa::kAvx2);
  if (isa == Isa::kAvx2) return avx2;
#endif
#if HWY_TARGETS & HWY_AVX3
  static const Elementwise avx512 = N_AVX3::table(Isa::kAvx512);
  if (isa == Isa::kAvx512) return avx512;
#endif
  static_cast<void>(isa);
  return scalar;
}

}  // namespace rocmforge::cpu
#endif
