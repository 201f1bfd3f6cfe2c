// v_div_scale, v_div_fmas and v_div_fixup: what division is built of, so that the quotient comes
// out correctly rounded.
//
// AMD, "RDNA3 Instruction Set Architecture", with three corrections, without which quotients near
// the ends of the range would be wrong: v_div_fmas scales by 2^64 (2^128 for f64) up or down, as
// the quotient's exponent tells; a denominator whose reciprocal and quotient would be denormal is
// scaled down; v_div_fixup makes a quotient that became NaN on the way infinite.
#include <cmath>

#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

template <class T>
struct Range;
template <>
struct Range<float> {
  static constexpr int kScale = 64;  // binary digits
  static constexpr int kFar = 96;    // exponents of numerator and denominator so far apart
  static constexpr int kTiny = 23;   // biased exponent up to which a numerator is scaled
  static constexpr int kBias = 127;
  static constexpr int kVanish = -150;  // the quotient rounds to zero
};
template <>
struct Range<double> {
  static constexpr int kScale = 128;
  static constexpr int kFar = 768;
  static constexpr int kTiny = 53;
  static constexpr int kBias = 1023;
  static constexpr int kVanish = -1075;
};

// `x` is numerator or denominator, whichever this one is to scale.
template <class T>
Carried<T> div_scale(T x, T denominator, T numerator) {
  using R = Range<T>;
  const T up = std::ldexp(x, R::kScale), down = std::ldexp(x, -R::kScale);
  const bool is_denominator = word(x) == word(denominator);
  const bool is_numerator = word(x) == word(numerator);
  x = quiet(x);
  if (numerator == 0 || denominator == 0) return {std::numeric_limits<T>::quiet_NaN(), false};
  if (exponent(numerator) - exponent(denominator) >= R::kFar) {
    return {is_denominator ? up : x, true};
  }
  if (is_denormal(denominator)) return {up, false};
  const bool tiny_reciprocal = is_denormal(T{1} / denominator);
  const bool tiny_quotient = magnitude(numerator / denominator) < std::numeric_limits<T>::min();
  if (tiny_reciprocal && tiny_quotient) return {is_denominator ? down : x, true};
  if (tiny_reciprocal) return {down, false};
  if (tiny_quotient) return {is_numerator ? up : x, true};
  if (exponent(numerator) <= R::kTiny) return {up, false};
  return {x, false};
}

// Rounded once, where it is scaled.
float div_fmas(float a, float b, float c) {
  const double exact =
      to_odd(sum_with_rest(static_cast<double>(a), static_cast<double>(b), static_cast<double>(c)));
  const int scale = exponent(c) > Range<float>::kBias ? 64 : -64;
  return static_cast<float>(exact * power_of_two(scale));
}
double div_fmas(double a, double b, double c) {
  const int scale = exponent(c) > Range<double>::kBias ? 128 : -128;
  const Sum sum = sum_with_rest(a, b, c);
  if (is_infinite(sum.value) && scale < 0) {
    return std::fma(std::ldexp(a, scale), b, std::ldexp(c, scale));
  }
  const double result = std::ldexp(sum.value, scale);
  // A denormal that was a tie goes by what the sum had lost.
  const double back = std::ldexp(result, -scale), lost = sum.value - back;
  const bool was_tie = std::fabs(lost) == std::ldexp(1.0, -1075 - scale);
  if (!was_tie || sum.rest == 0 || (sum.rest < 0) != (lost < 0)) return result;
  return std::ldexp(back + 2 * lost, scale);
}

template <class T>
T div_fixup(T quotient, T denominator, T numerator) {
  const bool negative = is_negative(denominator) != is_negative(numerator);
  const T zero = negative ? -T{0} : T{0};
  const T infinity =
      negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  const T invalid = std::bit_cast<T>(kSign<T> | kInfinity<T> | kQuiet<T>);
  if (is_nan(numerator)) return quiet(numerator);
  if (is_nan(denominator)) return quiet(denominator);
  if (numerator == 0 && denominator == 0) return invalid;
  if (is_infinite(numerator) && is_infinite(denominator)) return invalid;
  if (denominator == 0 || is_infinite(numerator)) return infinity;
  if (is_infinite(denominator) || numerator == 0) return zero;
  if (exponent(numerator) - exponent(denominator) < Range<T>::kVanish) return zero;
  if (is_nan(quotient)) return infinity;
  return negative ? -magnitude(quotient) : magnitude(quotient);
}

Half div_fixup(Half quotient, Half denominator, Half numerator) {
  // f32 holds what the f16 instruction tells apart, and nothing vanishes at its range.
  return {div_fixup(quotient.value, denominator.value, numerator.value)};
}

template <class T>
void run_div_fmas(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const Source<T> a(wave, inst.src[0]), b(wave, inst.src[1]), c(wave, inst.src[2]);
  const std::uint32_t vcc = wave.vcc();
  Result<T> result;
  for (int lane = 0; lane < kLanes; ++lane) {
    const bool scaled = (vcc >> lane & 1U) != 0;
    result.set(lane,
               scaled ? div_fmas(a[lane], b[lane], c[lane]) : std::fma(a[lane], b[lane], c[lane]));
  }
  result.write(wave, inst);
}

constexpr HandlerRow kRows[] = {
    row("v_div_scale_f32", [](float a, float b, float c) { return div_scale(a, b, c); }),
    row("v_div_scale_f64", [](double a, double b, double c) { return div_scale(a, b, c); }),
    {"v_div_fmas_f32", &run_div_fmas<float>},
    {"v_div_fmas_f64", &run_div_fmas<double>},
    row("v_div_fixup_f32", [](float a, float b, float c) { return div_fixup(a, b, c); }),
    row("v_div_fixup_f64", [](double a, double b, double c) { return div_fixup(a, b, c); }),
    row("v_div_fixup_f16", [](Half a, Half b, Half c) { return div_fixup(a, b, c); }),
};

}  // namespace

std::span<const HandlerRow> divide_rows() {
  return kRows;
}

}  // namespace rocmforge::emu
