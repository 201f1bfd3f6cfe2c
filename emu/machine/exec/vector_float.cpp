// Floating-point arithmetic. Sums, products, fma, square roots and reciprocals are rounded once;
// the card's transcendental unit is off by up to an ulp, which is not modelled, and so are v_exp,
// v_log, v_rsq, v_sin and v_cos here: computed in double, rounded to the result. As on the card,
// f32 transcendental operations take denormals for zeros and give none, whatever MODE says.
#include <cmath>

#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

float tiny_to_zero(double x) {
  return flushed(static_cast<float>(x));
}
double input(float x) {
  return static_cast<double>(flushed(x));
}

// Never 1, however close below an integer x is.
template <class T>
T fraction(T x) {
  const T below = x - std::floor(x);
  const T most = 1 - std::numeric_limits<T>::epsilon() / 2;
  return below > most ? most : below;
}
Half fraction(Half x) {
  const float below = x.value - std::floor(x.value);
  return {below > 0x1.ffcp-1F ? 0x1.ffcp-1F : below};  // the largest f16 below 1
}

// In turns, not radians, so that what is left of whole and half turns is exact. The card's range is
// 256 turns.
double sine(double turn) {
  if (std::fabs(turn) > 256) {
    throw Fault(FaultKind::kUnsupported, "v_sin or v_cos of more than 256 turns");
  }
  const double rest = turn - std::nearbyint(turn);
  const double half = std::copysign(0.5, rest);
  return std::sin((std::fabs(rest) > 0.25 ? half - rest : rest) * 6.283185307179586476925);
}
double cosine(double turn) {
  return sine(0.25 - std::fabs(turn - (std::fabs(turn) <= 256 ? std::nearbyint(turn) : 0)));
}

template <class T>
std::int32_t frexp_exponent(T x) {
  if (is_nan(x) || is_infinite(x)) return 0;
  int power = 0;
  (void)std::frexp(x, &power);
  return power;
}
template <class T>
T frexp_mantissa(T x) {
  if (is_nan(x) || is_infinite(x)) return quiet(x);
  int power = 0;
  return std::frexp(x, &power);
}

// 0 times anything is 0.
float legacy_product(float a, float b) {
  return a == 0 || b == 0 ? 0.0F : a * b;
}
float legacy_fma(float a, float b, float c) {
  return a == 0 || b == 0 ? quiet(c) : std::fma(a, b, c);
}

// The product is exact in double, and so is what matters of the sum.
WideHalf half_fma(Half a, Half b, Half c) {
  return {static_cast<double>(a.value) * static_cast<double>(b.value) +
          static_cast<double>(c.value)};
}

Half half(double x) {
  return {to_odd(x)};
}

constexpr HandlerRow kF32[] = {
    row("v_add_f32", [](float a, float b) { return a + b; }),
    row("v_sub_f32", [](float a, float b) { return a - b; }),
    row("v_subrev_f32", [](float a, float b) { return b - a; }),
    row("v_mul_f32", [](float a, float b) { return a * b; }),
    row("v_mul_dx9_zero_f32", [](float a, float b) { return legacy_product(a, b); }),
    row("v_fma_f32", [](float a, float b, float c) { return std::fma(a, b, c); }),
    row("v_fmac_f32", [](float a, float b, float c) { return std::fma(a, b, c); }),
    row("v_fmamk_f32", [](float a, float b, float c) { return std::fma(a, b, c); }),
    row("v_fmaak_f32", [](float a, float b, float c) { return std::fma(a, b, c); }),
    row("v_fma_dx9_zero_f32", [](float a, float b, float c) { return legacy_fma(a, b, c); }),
    row("v_fmac_dx9_zero_f32", [](float a, float b, float c) { return legacy_fma(a, b, c); }),
    row("v_min_f32", [](Mode m, float a, float b) { return minimum(m, a, b); }),
    row("v_max_f32", [](Mode m, float a, float b) { return maximum(m, a, b); }),
    row("v_min3_f32",
        [](Mode m, float a, float b, float c) { return minimum(m, minimum(m, a, b), c); }),
    row("v_max3_f32",
        [](Mode m, float a, float b, float c) { return maximum(m, maximum(m, a, b), c); }),
    row("v_med3_f32", [](Mode m, float a, float b, float c) { return median(m, a, b, c); }),
    row("v_maxmin_f32",
        [](Mode m, float a, float b, float c) { return minimum(m, maximum(m, a, b), c); }),
    row("v_minmax_f32",
        [](Mode m, float a, float b, float c) { return maximum(m, minimum(m, a, b), c); }),
    row("v_fract_f32", [](float a) { return fraction(a); }),
    row("v_trunc_f32", [](float a) { return std::trunc(a); }),
    row("v_ceil_f32", [](float a) { return std::ceil(a); }),
    row("v_floor_f32", [](float a) { return std::floor(a); }),
    row("v_rndne_f32", [](float a) { return std::nearbyint(a); }),
    row("v_exp_f32", [](float a) { return tiny_to_zero(std::exp2(input(a))); }),
    row("v_log_f32", [](float a) { return tiny_to_zero(std::log2(input(a))); }),
    row("v_rcp_f32", [](float a) { return flushed(1.0F / flushed(a)); }),
    row("v_rcp_iflag_f32", [](float a) { return flushed(1.0F / flushed(a)); }),
    row("v_rsq_f32", [](float a) { return tiny_to_zero(1.0 / std::sqrt(input(a))); }),
    row("v_sqrt_f32", [](float a) { return std::sqrt(flushed(a)); }),
    row("v_sin_f32", [](float a) { return tiny_to_zero(sine(input(a))); }),
    row("v_cos_f32", [](float a) { return tiny_to_zero(cosine(input(a))); }),
    row("v_ldexp_f32", [](float a, std::int32_t power) { return scaled(a, power); }),
    row("v_frexp_exp_i32_f32", [](float a) { return frexp_exponent(a); }),
    row("v_frexp_mant_f32", [](float a) { return frexp_mantissa(a); }),
};

constexpr HandlerRow kF16[] = {
    row("v_add_f16", [](Half a, Half b) { return Half{a.value + b.value}; }),
    row("v_sub_f16", [](Half a, Half b) { return Half{a.value - b.value}; }),
    row("v_subrev_f16", [](Half a, Half b) { return Half{b.value - a.value}; }),
    row("v_mul_f16", [](Half a, Half b) { return Half{a.value * b.value}; }),
    row("v_fma_f16", [](Half a, Half b, Half c) { return half_fma(a, b, c); }),
    row("v_fmac_f16", [](Half a, Half b, Half c) { return half_fma(a, b, c); }),
    row("v_fmamk_f16", [](Half a, Half b, Half c) { return half_fma(a, b, c); }),
    row("v_fmaak_f16", [](Half a, Half b, Half c) { return half_fma(a, b, c); }),
    row("v_min_f16", [](Mode m, Half a, Half b) { return Half{minimum(m, a.value, b.value)}; }),
    row("v_max_f16", [](Mode m, Half a, Half b) { return Half{maximum(m, a.value, b.value)}; }),
    row("v_min3_f16",
        [](Mode m, Half a, Half b, Half c) {
          return Half{minimum(m, minimum(m, a.value, b.value), c.value)};
        }),
    row("v_max3_f16",
        [](Mode m, Half a, Half b, Half c) {
          return Half{maximum(m, maximum(m, a.value, b.value), c.value)};
        }),
    row("v_med3_f16",
        [](Mode m, Half a, Half b, Half c) { return Half{median(m, a.value, b.value, c.value)}; }),
    row("v_maxmin_f16",
        [](Mode m, Half a, Half b, Half c) {
          return Half{minimum(m, maximum(m, a.value, b.value), c.value)};
        }),
    row("v_minmax_f16",
        [](Mode m, Half a, Half b, Half c) {
          return Half{maximum(m, minimum(m, a.value, b.value), c.value)};
        }),
    row("v_fract_f16", [](Half a) { return fraction(a); }),
    row("v_trunc_f16", [](Half a) { return Half{std::trunc(a.value)}; }),
    row("v_ceil_f16", [](Half a) { return Half{std::ceil(a.value)}; }),
    row("v_floor_f16", [](Half a) { return Half{std::floor(a.value)}; }),
    row("v_rndne_f16", [](Half a) { return Half{std::nearbyint(a.value)}; }),
    row("v_exp_f16", [](Half a) { return half(std::exp2(static_cast<double>(a.value))); }),
    row("v_log_f16", [](Half a) { return half(std::log2(static_cast<double>(a.value))); }),
    row("v_rcp_f16", [](Half a) { return half(1.0 / static_cast<double>(a.value)); }),
    row("v_rsq_f16", [](Half a) { return half(1.0 / std::sqrt(static_cast<double>(a.value))); }),
    row("v_sqrt_f16", [](Half a) { return half(std::sqrt(static_cast<double>(a.value))); }),
    row("v_sin_f16", [](Half a) { return half(sine(static_cast<double>(a.value))); }),
    row("v_cos_f16", [](Half a) { return half(cosine(static_cast<double>(a.value))); }),
    row("v_ldexp_f16", [](Half a, std::int16_t power) { return Half{scaled(a.value, power)}; }),
    row("v_frexp_exp_i16_f16",
        [](Half a) { return static_cast<std::int16_t>(frexp_exponent(a.value)); }),
    row("v_frexp_mant_f16", [](Half a) { return Half{frexp_mantissa(a.value)}; }),
};

constexpr HandlerRow kF64[] = {
    row("v_add_f64", [](double a, double b) { return a + b; }),
    row("v_mul_f64", [](double a, double b) { return a * b; }),
    row("v_fma_f64", [](double a, double b, double c) { return std::fma(a, b, c); }),
    row("v_min_f64", [](Mode m, double a, double b) { return minimum(m, a, b); }),
    row("v_max_f64", [](Mode m, double a, double b) { return maximum(m, a, b); }),
    row("v_fract_f64", [](double a) { return fraction(a); }),
    row("v_trunc_f64", [](double a) { return std::trunc(a); }),
    row("v_ceil_f64", [](double a) { return std::ceil(a); }),
    row("v_floor_f64", [](double a) { return std::floor(a); }),
    row("v_rndne_f64", [](double a) { return std::nearbyint(a); }),
    row("v_rcp_f64", [](double a) { return 1.0 / a; }),
    row("v_rsq_f64", [](double a) { return 1.0 / std::sqrt(a); }),
    row("v_sqrt_f64", [](double a) { return std::sqrt(a); }),
    row("v_ldexp_f64", [](double a, std::int32_t power) { return std::ldexp(a, power); }),
    row("v_frexp_exp_i32_f64", [](double a) { return frexp_exponent(a); }),
    row("v_frexp_mant_f64", [](double a) { return frexp_mantissa(a); }),
};

}  // namespace

std::span<const HandlerRow> float_rows() {
  static const auto kRows = joined({kF32, kF16, kF64});
  return kRows;
}

}  // namespace rocmforge::emu
