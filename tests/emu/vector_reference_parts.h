// What the two files of formulas share.
#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>

#include "emu/vector_reference.h"

namespace rocmforge::emu::reference {

using u64 = std::uint64_t;
using u32 = std::uint32_t;
using i64 = std::int64_t;
using i32 = std::int32_t;
using i16 = std::int16_t;
using u16 = std::uint16_t;
using Wide = __int128;
using Exact = __float128;
using In = const LaneInput&;
using Out = LaneOutput;

inline float f32(u64 x) {
  return std::bit_cast<float>(static_cast<u32>(x));
}
inline double f64(u64 x) {
  return std::bit_cast<double>(x);
}
inline u64 bits(float x) {
  return std::bit_cast<u32>(x);
}
inline u64 bits(double x) {
  return std::bit_cast<u64>(x);
}
inline i32 s32(u64 x) {
  return static_cast<i32>(static_cast<u32>(x));
}
inline i16 s16(u64 x) {
  return static_cast<i16>(static_cast<u16>(x));
}
inline i64 s64(u64 x) {
  return static_cast<i64>(x);
}
inline u64 low32(Wide x) {
  return static_cast<u32>(static_cast<u64>(x));
}
inline u64 low16(Wide x) {
  return static_cast<u16>(static_cast<u64>(x));
}
inline Wide cut(Wide x, int bits_kept, bool is_signed) {
  const Wide modulus = Wide{1} << bits_kept;
  Wide rest = ((x % modulus) + modulus) % modulus;
  if (is_signed && rest >= modulus / 2) rest -= modulus;
  return rest;
}
inline constexpr u64 kNan16 = 0x7e00, kNan32 = 0x7fc00000, kNan64 = 0x7ff8000000000000;

// The three formats seen alike.
struct Format {
  int mantissa, exponent_bits;
  int width() const { return 1 + exponent_bits + mantissa; }
  u64 sign() const { return u64{1} << (width() - 1); }
  u64 infinity() const { return ((u64{1} << exponent_bits) - 1) << mantissa; }
  u64 quiet() const { return u64{1} << (mantissa - 1); }
  u64 exponent(u64 x) const { return (x & ~sign()) >> mantissa; }
  bool nan(u64 x) const { return (x & ~sign()) > infinity(); }
  bool signalling(u64 x) const { return nan(x) && (x & quiet()) == 0; }
  bool infinite(u64 x) const { return (x & ~sign()) == infinity(); }
  bool zero(u64 x) const { return (x & ~sign()) == 0; }
  bool negative(u64 x) const { return (x & sign()) != 0; }
  bool denormal(u64 x) const { return exponent(x) == 0 && !zero(x); }
  // Numbers in order, -0 below +0.
  i64 rank(u64 x) const {
    const i64 size = static_cast<i64>(x & ~sign());
    return negative(x) ? -size - 1 : size;
  }
};
inline constexpr Format kF16{10, 5}, kF32{23, 8}, kF64{52, 11};

// Filled once, by references().
std::map<std::string, Reference>& table();

template <class F>
void add(const std::string& name, F compute, u64 ulps = 0) {
  table()[name] = {[compute](In in) {
                     if constexpr (std::is_same_v<decltype(compute(in)), Out>) {
                       return compute(in);
                     } else {
                       return Out{static_cast<u64>(compute(in)), false};
                     }
                   },
                   ulps};
}

void add_bits();
void add_integers();
void add_orders();
void add_all_comparisons();

}  // namespace rocmforge::emu::reference
