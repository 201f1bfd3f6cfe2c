// Floating-point formats as the vector unit reads and writes them, in expressions without branches
// that the compiler turns into vectors.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace rocmforge::emu {

// An f16, held as the f32 that it is exactly. Sums and products of two are rounded once, as f32 has
// more than twice the bits.
struct Half {
  float value;
};
// A result that is rounded from double to f16 at once: what f32 would round a first time.
struct WideHalf {
  double value;
};

template <class T>
struct FloatBits;
template <>
struct FloatBits<float> {
  using Word = std::uint32_t;
  static constexpr int kMantissa = 23;
};
template <>
struct FloatBits<double> {
  using Word = std::uint64_t;
  static constexpr int kMantissa = 52;
};
template <class T>
using WordOf = typename FloatBits<T>::Word;

template <class T>
constexpr WordOf<T> word(T x) {
  return std::bit_cast<WordOf<T>>(x);
}
template <class T>
inline constexpr WordOf<T> kSign = WordOf<T>{1} << (8 * sizeof(T) - 1);
template <class T>
inline constexpr WordOf<T> kQuiet = WordOf<T>{1} << (FloatBits<T>::kMantissa - 1);
template <class T>
inline constexpr WordOf<T> kInfinity = word(std::numeric_limits<T>::infinity());

template <class T>
constexpr bool is_nan(T x) {
  return (word(x) & ~kSign<T>) > kInfinity<T>;
}
template <class T>
constexpr bool is_signalling(T x) {
  return is_nan(x) && (word(x) & kQuiet<T>) == 0;
}
template <class T>
constexpr bool is_infinite(T x) {
  return (word(x) & ~kSign<T>) == kInfinity<T>;
}
template <class T>
constexpr bool is_negative(T x) {
  return (word(x) & kSign<T>) != 0;
}
template <class T>
constexpr T quiet(T x) {
  return std::bit_cast<T>(is_nan(x) ? word(x) | kQuiet<T> : word(x));
}
template <class T>
constexpr T magnitude(T x) {
  return std::bit_cast<T>(word(x) & ~kSign<T>);
}
// The exponent's field, biased.
template <class T>
constexpr int exponent(T x) {
  return static_cast<int>((word(x) & ~kSign<T>) >> FloatBits<T>::kMantissa);
}
template <class T>
constexpr bool is_denormal(T x) {
  return exponent(x) == 0 && (word(x) & ~kSign<T>) != 0;
}
template <class T>
constexpr T flushed(T x) {
  return exponent(x) == 0 ? std::bit_cast<T>(word(x) & kSign<T>) : x;
}

// The low 16 bits of `h`, exactly; a signalling NaN stays one.
inline float f16_to_f32(std::uint32_t h) {
  const std::uint32_t shifted = (h & 0x7fffU) << 13;
  // Moves the exponent from a bias of 15 to one of 127, denormals included.
  const std::uint32_t moved = word(std::bit_cast<float>(shifted) * 0x1p112F);
  const std::uint32_t bits = shifted >= 0x0f800000U ? shifted | 0x7f800000U : moved;
  return std::bit_cast<float>(bits | (h & 0x8000U) << 16);
}

// To nearest, ties to even; NaNs are quieted.
inline std::uint32_t f32_to_f16(float x) {
  const std::uint32_t sign = word(x) & 0x80000000U;
  const std::uint32_t a = word(x) ^ sign;
  // Adding 1/2 leaves the multiples of 2^-24, the least f16, in the lowest bits.
  const std::uint32_t small = word(std::bit_cast<float>(a) + 0.5F) - word(0.5F);
  const std::uint32_t normal = (a + 0xc8000fffU + (a >> 13 & 1U)) >> 13;
  const std::uint32_t nan = 0x7e00U | (a >> 13 & 0x3ffU);
  const std::uint32_t finite = a < 0x38800000U ? small : normal;
  const std::uint32_t above = a > 0x7f800000U ? nan : 0x7c00U;
  return (a >= 0x477ff000U ? above : finite) | sign >> 16;  // 65520 and more
}

// Towards zero: beyond the largest stays the largest.
inline std::uint32_t f32_to_f16_towards_zero(float x) {
  const std::uint32_t sign = word(x) & 0x80000000U;
  const std::uint32_t a = word(x) ^ sign;
  if (a >= 0x7f800000U) return f32_to_f16(x);
  if (a >= 0x477fe000U) return sign >> 16 | 0x7bffU;
  if (a >= 0x38800000U) return sign >> 16 | (a - 0x38000000U) >> 13;
  return sign >> 16 | static_cast<std::uint32_t>(std::bit_cast<float>(a) * 0x1p24F);
}

inline float bf16_to_f32(std::uint32_t h) {
  return std::bit_cast<float>(h << 16);
}
inline std::uint32_t f32_to_bf16(float x) {
  const std::uint32_t a = word(x);
  return is_nan(x) ? (a >> 16 | 0x40U) : (a + 0x7fffU + (a >> 16 & 1U)) >> 16;
}

// Rounded to odd, so that a further rounding to fewer bits is right.
inline float to_odd(double x) {
  const float near = static_cast<float>(x);
  const double back = static_cast<double>(near);
  if (back == x || is_nan(x) || (word(near) & 1U) != 0) return near;
  return std::bit_cast<float>(std::fabs(back) > std::fabs(x) ? word(near) - 1 : word(near) + 1);
}
inline std::uint32_t f64_to_f16(double x) {
  return f32_to_f16(to_odd(x));
}

// a * b + c to nearest, and about what that is off by: its sign is right. The product's and the
// sum's errors are exact (Dekker, Knuth) as long as nothing over- or underflows.
struct Sum {
  double value, rest;
};
inline Sum sum_with_rest(double a, double b, double c) {
  const double product = a * b, product_error = std::fma(a, b, -product);
  const double sum = product + c, part = sum - product;
  const double sum_error = (product - (sum - part)) + (c - part);
  const double near = std::fma(a, b, c);
  if (is_nan(sum) || is_infinite(sum) || is_infinite(near)) return {near, 0};
  return {near, ((sum - near) + sum_error) + product_error};
}
// Rounded to odd.
inline double to_odd(Sum sum) {
  if (sum.rest == 0 || (word(sum.value) & 1U) != 0) return sum.value;
  const bool towards_zero = (sum.rest < 0) != (sum.value < 0);
  return std::bit_cast<double>(towards_zero ? word(sum.value) - 1 : word(sum.value) + 1);
}

// 2^exponent for |exponent| < 1000.
inline double power_of_two(int power) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(power + 1023) << 52);
}
// x * 2^power, rounded once.
inline float scaled(float x, std::int32_t power) {
  const int bounded = power < -400 ? -400 : power > 400 ? 400 : power;
  return static_cast<float>(static_cast<double>(x) * power_of_two(bounded));
}

// What MODE holds, beside rounding and denormals, that operations look at.
struct Mode {
  bool ieee;        // signalling NaNs come out of min and max, quieted
  bool dx10_clamp;  // NaN clamps to 0
};

// v_min and v_max: the number where one is a NaN, -0 below +0.
template <class T, bool kMax>
T extreme(Mode mode, T a, T b) {
  const bool a_wins = kMax ? a > b : a < b;
  const bool equal_first = a == b && is_negative(a) != kMax;
  const T number = a_wins || equal_first ? a : b;
  const T unless_nan = is_nan(b) ? a : is_nan(a) ? b : number;
  const T signalled = is_signalling(a) ? quiet(a) : is_signalling(b) ? quiet(b) : unless_nan;
  return mode.ieee ? signalled : unless_nan;
}
template <class T>
T maximum(Mode mode, T a, T b) {
  return extreme<T, true>(mode, a, b);
}
template <class T>
T minimum(Mode mode, T a, T b) {
  return extreme<T, false>(mode, a, b);
}
template <class T>
T median(Mode mode, T a, T b, T c) {
  const T least = minimum(mode, minimum(mode, a, b), c);
  const T most = maximum(mode, maximum(mode, a, b), c);
  const T without_a = maximum(mode, b, c), without_b = maximum(mode, a, c);
  const T middle = most == a ? without_a : most == b ? without_b : maximum(mode, a, b);
  return is_nan(a) || is_nan(b) || is_nan(c) ? least : middle;
}

// To an integer, towards zero; what does not fit becomes the nearest that does, NaN 0.
template <class Int, class Float>
Int to_integer(Float x) {
  constexpr Float kAbove = static_cast<Float>(std::numeric_limits<Int>::max() / 2 + 1) * 2;
  constexpr Float kLeast = static_cast<Float>(std::numeric_limits<Int>::min());
  if (!(x >= kLeast)) return is_nan(x) ? Int{0} : std::numeric_limits<Int>::min();
  return x >= kAbove ? std::numeric_limits<Int>::max() : static_cast<Int>(x);
}

template <class To, class From>
constexpr To saturated(From x) {
  constexpr From kLeast = std::numeric_limits<To>::min(), kMost = std::numeric_limits<To>::max();
  return static_cast<To>(x < kLeast ? kLeast : x > kMost ? kMost : x);
}

}  // namespace rocmforge::emu
