// The weight types whose codes stand for values of a table: IQ4, MXFP4, MXFP6. Tables are bytes of
// two words, from which a byte permutation takes four at a time. See weights.h.
#pragma once

#include "backend/gpu/device/weights_planes.h"

namespace rocmforge::gpu {

// Bytes of the words `high`:`low` by the lower 3 bits of each byte of `codes`, where bit 3 is set,
// of two other words: a table of 16.
template <class A>
__device__ __inline__ u32 look_up_16(u32 codes, const u32 (&table)[4]) {
  const u32 index = codes & 0x07070707U;
  const u32 upper = (codes >> 3 & 0x01010101U) * 255U;
  return (A::bytes(table[0], table[1], index) & ~upper) |
         (A::bytes(table[2], table[3], index) & upper);
}

struct Iq4 {
  // -127 -104 -83 -65 -49 -35 -22 -10 1 13 25 38 53 69 89 113 as bytes.
  static constexpr u32 kTable[4] = {0xbfad9881U, 0xf6eaddcfU, 0x26190d01U, 0x71594535U};
  template <class A>
  __device__ static __inline__ i32 values(i32 codes) {
    constexpr u32 kValues[4] = {kTable[0], kTable[1], kTable[2], kTable[3]};
    return (i32)look_up_16<A>((u32)codes, kValues);
  }
  __device__ static __inline__ i32 value(i32 code) {
    const u64 low = (u64)kTable[1] << 32 | kTable[0], high = (u64)kTable[3] << 32 | kTable[2];
    return (i8)((code < 8 ? low : high) >> (8 * (code & 7)) & 255);
  }
};

struct IQ4_NL : BlockTraits<WeightType::kIQ4_NL> {
  static constexpr int kBlockBytes = 18;
  static constexpr bool kSigned = true;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    return (float)Iq4::value(nibble_of(row.q + 16 * u, (i32)(i % 32))) *
           half_at(row.scales + 2 * u);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
#pragma unroll
    for (int i = 0; i < 8; ++i) out.q[i] = Iq4::values<A>(out.q[i]);
    out.d = half_of(raw.scales);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    move_words<4, 2>(b + 2, row.q + 16 * u);
    move<u16>(b, row.scales + 2 * u);
  }
};

// The values doubled, so that they are whole, and the scale halved.
struct MXFP4 : BlockTraits<WeightType::kMXFP4> {
  static constexpr int kBlockBytes = 17;
  // 0 1 2 3 4 6 8 12 as bytes.
  static constexpr u32 kLow = 0x03020100U, kHigh = 0x0c080604U;
  __device__ static __inline__ float scale(u8 e) {
    return bits_as<float>(e < 2 ? 0x00200000U << e : (u32)(e - 1) << 23);
  }
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const i32 code = nibble_of(row.q + 16 * u, (i32)(i % 32));
    const i32 magnitude = (i32)(((u64)kHigh << 32 | kLow) >> (8 * (code & 7)) & 255);
    return (float)(code < 8 ? magnitude : -magnitude) * scale(row.scales[u]);
  }
  template <class A>
  __device__ static __inline__ i32 decode4(i32 codes) {
    constexpr u32 kMinusLow = 0xfdfeff00U, kMinusHigh = 0xf4f8fafcU;
    const u32 index = (u32)codes & 0x07070707U;
    const u32 negative = ((u32)codes >> 3 & 0x01010101U) * 255U;
    return (i32)((A::bytes(kLow, kHigh, index) & ~negative) |
                 (A::bytes(kMinusLow, kMinusHigh, index) & negative));
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
#pragma unroll
    for (int i = 0; i < 8; ++i) out.q[i] = decode4<A>(out.q[i]);
    out.d = scale((u8)raw.scales);
    return out;
  }
  // The values of codes [4 i, 4 i + 4) as pairs of BF16: exact.
  template <class A>
  __device__ static __inline__ void bf16_pairs(const Raw& raw, int i, u32* out) {
    i32 all[8];
    split_nibbles(raw.q[0], all);
    const i32 codes = all[i];
    // Upper and lower bytes of the magnitudes 0 0.5 1 1.5 2 3 4 6.
    constexpr u32 kUpperLow = 0x3f3f3f00U, kUpperHigh = 0x40404040U;
    constexpr u32 kLowerLow = 0xc0800000U, kLowerHigh = 0xc0804000U;
    const float d = 2 * scale((u8)raw.scales);
    const u32 index = (u32)codes & 0x07070707U, sign = (u32)codes << 4 & 0x80808080U;
    const u32 upper = A::bytes(kUpperLow, kUpperHigh, index) | sign;
    const u32 lower = A::bytes(kLowerLow, kLowerHigh, index);
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      const u32 pair = A::bytes(lower, upper, j == 0 ? 0x05010400U : 0x07030602U);
      const u32 low = bits_as<u32>(bits_as<float>(pair << 16) * d);
      const u32 high = bits_as<u32>(bits_as<float>(pair & 0xffff0000U) * d);
      out[j] = low >> 16 | (high & 0xffff0000U);
    }
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    move_words<4, 1>(b + 1, row.q + 16 * u);
    move<u8>(b, row.scales + u);
  }
};

// 2^(e - 127); NaN for 255.
__device__ __inline__ float e8m0_of(u32 e) {
  return bits_as<float>(e << 23 | (e == 0 || e == 255 ? 0x00400000U : 0U));
}

// Both forms of MXFP6: a code is sign, exponent field, kMantissa bits of mantissa. Codes are
// whole numbers of 2^-kFraction. OCP's bias is 2^(exponent bits - 1) - 1.
template <WeightType kOf, int kMantissa>
struct Mxfp6 : BlockTraits<kOf> {
  static constexpr int kBlockBytes = 25;
  static constexpr i32 kZero = 64;
  static constexpr int kBias = kMantissa == 3 ? 1 : 3, kFraction = kBias - 1 + kMantissa;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const auto k = (i32)(i % 32);
    const i32 code = nibble_of(row.q + 16 * u, k) | two_bits_of(row.high + 8 * u, k) << 4;
    const i32 exponent = (code & 31) >> kMantissa, mantissa = code & ((1 << kMantissa) - 1);
    const i32 steps = exponent == 0 ? mantissa : ((1 << kMantissa) + mantissa) << (exponent - 1);
    const float step = e8m0_of(row.scales[u]) * (1.0F / (1 << kFraction));
    return (float)((code & 32) != 0 ? -steps : steps) * step;
  }
  // 64 + or - magnitudes below 64, by the bits of `sign` (0 or 255 each byte): no byte carries.
  __device__ static __inline__ i32 around_64(u32 magnitudes, u32 sign) {
    return (i32)(((0x40404040U + magnitudes) & ~sign) | ((0x40404040U - magnitudes) & sign));
  }
  __device__ static __inline__ u32 mask_of(u32 codes, int bit) {
    return (codes >> bit & 0x01010101U) * 255U;
  }
  // All codes, 6 bits each byte.
  __device__ static __inline__ void codes_of(const Raw& raw, i32* q) {
    split_nibbles(raw.q[0], q);
    add_two_bits(raw.high, 4, q);
  }
  // The values of codes [4 i, 4 i + 4) as pairs of BF16: exact, but where they are denormal. The
  // fields of a code are those of a float 2^(127 - bias) times too small, denormal where it is one.
  template <class A>
  __device__ static __inline__ void bf16_pairs(const Raw& raw, int i, u32* out) {
    i32 codes[8];
    codes_of(raw, codes);
    const float d = e8m0_of(raw.scales & 255) * (1.0F / (1 << kFraction));
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      u32 halves[2];
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        const i32 code = codes[i] >> (8 * (2 * j + k)) & 63;
        const i32 exponent = (code & 31) >> kMantissa, mantissa = code & ((1 << kMantissa) - 1);
        const i32 steps =
            exponent == 0 ? mantissa : ((1 << kMantissa) + mantissa) << (exponent - 1);
        const float x = (float)((code & 32) != 0 ? -steps : steps) * d;
        halves[k] = bits_as<u32>(x) >> 16;
      }
      out[j] = halves[0] | halves[1] << 16;
    }
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    u32 high[2] = {load<u32, 1>(b + 1), load<u32, 1>(b + 5)};
    put_words(row.high + 8 * u, high);
    move_words<4, 1>(b + 9, row.q + 16 * u);
    move<u8>(b, row.scales + u);
  }
};

// In eighths. With bit 4 of a code clear its lower bits are the value; else 8 and the mantissa,
// doubled, or with bit 3 four times.
struct MXFP6_E2M3 : Mxfp6<WeightType::kMXFP6_E2M3, 3> {
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    i32 codes[8];
    codes_of(raw, codes);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const auto code = (u32)codes[i];
      const u32 upper = mask_of(code, 4), fourfold = mask_of(code, 3) & upper;
      const u32 whole = (code & 0x0f0f0f0fU) | (upper & 0x08080808U);
      const u32 doubled = whole + (whole & upper);  // at most 30
      out.q[i] = around_64(doubled + (doubled & fourfold), mask_of(code, 5));
    }
    out.d = e8m0_of(raw.scales & 255) * 0.125F;
    return out;
  }
};

// In sixteenths where bit 4 of a code is clear, in halves (coarse) where it is set.
struct MXFP6_E3M2 : Mxfp6<WeightType::kMXFP6_E3M2, 2> {
  static constexpr bool kCoarse = true;
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    // 0 to 7, 8 10 12 14 16 20 24 28; and 4 to 7, 8 10 12 14 16 20 24 28, 32 40 48 56.
    constexpr u32 kFine[4] = {0x03020100U, 0x07060504U, 0x0e0c0a08U, 0x1c181410U};
    constexpr u32 kCoarseValues[4] = {0x07060504U, 0x0e0c0a08U, 0x1c181410U, 0x38302820U};
    Unit out;
    i32 codes[8];
    codes_of(raw, codes);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const auto code = (u32)codes[i];
      const u32 upper = mask_of(code, 4), sign = mask_of(code, 5);
      out.q[i] = around_64(look_up_16<A>(code, kFine) & ~upper, sign);
      out.coarse[i] = around_64(look_up_16<A>(code, kCoarseValues) & upper, sign);
    }
    out.d = e8m0_of(raw.scales & 255) * 0.0625F;
    return out;
  }
};

}  // namespace rocmforge::gpu
