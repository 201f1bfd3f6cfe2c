// MXFP6 (OCP Microscaling Formats v1.0) in its two forms: blocks of 32 in 25 bytes: E8M0 scale e,
// then 32 codes of 6 bits.
//   x[i] = 2^(e - 127) * v[q[i]]; e = 255 is NaN.
// A code is sign, exponent field E, mantissa field M of k bits, from the highest bit down; v =
// 2^(max(E, 1) - bias) * ((E > 0) + M / 2^k), negative with the sign. There are no infinities or
// NaNs. E2M3: bias 1, k = 3: 0 to 7.5 in steps of 1/8 below 2. E3M2: bias 3, k = 2: 0 to 28 in
// steps of 1/16 below 1/2. Both zeros decode to +0.
// OCP leaves the packing open; this one is ours. Byte j of `q` has the low 4 bits of code j in its
// low, of code j + 16 in its high nibble. The upper 2 bits of code i are bits 2 (i / 4 % 4) and the
// next of byte 4 (i / 16) + i % 4 of `high`, so that a word of four columns is a shift and a mask.
// Encoding (as OCP, section 6.3): e - 127 = floor(log2(largest magnitude)) less the exponent of the
// largest v (2 and 4); values to the nearest, ties to even, those beyond the largest to it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

// kMantissa: 3 or 2.
template <int kMantissa>
struct Mxfp6 {
  static constexpr int kElems = 32;
  static constexpr int kBias = kMantissa == 3 ? 1 : 3;
  // A step of the smallest values is 2^-kFraction.
  static constexpr int kFraction = kBias - 1 + kMantissa;
  static constexpr int kLargestExponent = kMantissa == 3 ? 2 : 4;
  struct Block {
    std::uint8_t e;  // E8M0
    std::uint8_t high[8];
    std::uint8_t q[16];
  };

  static int code_of(const Block& block, int i) {
    const int low = i < 16 ? block.q[i] & 15 : block.q[i - 16] >> 4;
    return low | ((block.high[byte_of(i)] >> shift_of(i)) & 3) << 4;
  }
  // v * 2^kFraction: whole, of magnitude at most 60 (E2M3) or 448 (E3M2).
  static constexpr int steps_of(int code) {
    const int exponent = (code & 31) >> kMantissa, mantissa = code & ((1 << kMantissa) - 1);
    const int steps = exponent == 0 ? mantissa : ((1 << kMantissa) + mantissa) << (exponent - 1);
    return (code & 32) != 0 ? -steps : steps;
  }

  static void decode(const Block& block, float* out) {
    const float step = e8m0_to_f32(block.e) * kStep;
    for (int i = 0; i < kElems; ++i) {
      out[i] = static_cast<float>(steps_of(code_of(block, i))) * step;
    }
  }

  static void encode(const float* in, Block& block) {
    block = {};
    const float largest = std::fabs(extreme(in, kElems));
    if (!(largest > 0.0f)) return;
    const int exponent = std::isinf(largest)
                             ? 127  // the scale 2^127
                             : std::clamp(std::ilogb(largest) - kLargestExponent, -127, 127);
    block.e = static_cast<std::uint8_t>(exponent + 127);
    for (int i = 0; i < kElems; ++i) {
      const int code = nearest_code(std::ldexp(in[i], -exponent));
      block.q[i % 16] |= static_cast<std::uint8_t>((code & 15) << (i < 16 ? 0 : 4));
      block.high[byte_of(i)] |= static_cast<std::uint8_t>((code >> 4) << shift_of(i));
    }
  }

 private:
  static constexpr float kStep = 1.0f / static_cast<float>(1 << kFraction);

  static constexpr int byte_of(int i) { return i / 16 * 4 + i % 4; }
  static constexpr int shift_of(int i) { return i / 4 % 4 * 2; }

  static int nearest_code(float x) {
    constexpr float kLargest = static_cast<float>(steps_of(31)) * kStep;
    const float magnitude = held(std::fabs(x), 0.0f, kLargest);
    if (magnitude == 0.0f) return 0;
    // The power of two at or below it, from that of the smallest normal value on; steps of it, with
    // a normal value's leading 1, then make the code: a step past the last is the next power.
    const int above = std::max(std::ilogb(magnitude) - (1 - kBias), 0);
    const int steps = nearest(std::ldexp(magnitude, kFraction - above), 0, 2 << kMantissa);
    const int code = std::min((above << kMantissa) + steps, 31);
    return x < 0.0f && code != 0 ? code | 32 : code;
  }
};

// Type ids of our own: see gguf_type_name.
struct MXFP6_E2M3 : Mxfp6<3> {
  static constexpr std::string_view kName = "MXFP6_E2M3";
  static constexpr std::uint32_t kGgufId = 0x52460001;
};
struct MXFP6_E3M2 : Mxfp6<2> {
  static constexpr std::string_view kName = "MXFP6_E3M2";
  static constexpr std::uint32_t kGgufId = 0x52460002;
};
static_assert(sizeof(MXFP6_E2M3::Block) == 25 && sizeof(MXFP6_E3M2::Block) == 25);
static_assert(MXFP6_E2M3::steps_of(31) == 60 && MXFP6_E3M2::steps_of(63) == -448);

}  // namespace rocmforge::quant
