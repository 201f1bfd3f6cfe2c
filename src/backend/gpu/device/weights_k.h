// The weight types whose blocks in the file are of 256 columns, 8 units. See weights.h.
#pragma once

#include "backend/gpu/device/weights_codes.h"

namespace rocmforge::gpu {

template <WeightType kOf>
struct LargeTraits : BlockTraits<kOf> {
  static constexpr int kBlockUnits = 8;
};

// In the file a unit's codes are a pair of bits each of the 32 bytes of its half.
struct Q2_K : LargeTraits<WeightType::kQ2_K> {
  static constexpr int kBlockBytes = 84;
  static constexpr bool kHalfScales = true, kHasMin = true;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const auto k = (i32)(i % 32);
    const i32 pair = row.scales[2 * u + k / 16];
    const u8* super = row.super + 4 * (u / 8);
    const auto q = (float)two_bits_of(row.q + 8 * u, k);
    return half_at(super) * (float)(pair & 15) * q - half_at(super + 2) * (float)(pair >> 4);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      out.q[i] = (i32)((u32)raw.q[0].x[i / 4] >> (2 * (i % 4)) & 0x03030303U);
    }
    out.scale[0] = (i32)(raw.scales & 15);
    out.scale[1] = (i32)(raw.scales >> 8 & 15);
    out.min[0] = (i32)(raw.scales >> 4 & 15);
    out.min[1] = (i32)(raw.scales >> 12 & 15);
    out.d = half_of(raw.super);
    out.m = -half_of(raw.super >> 16);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32 part, const PlaneRowOut& row, i32 u) {
    u32 words[2];
    gather_two_bits<4>(b + 16 + 32 * (part / 4), 2 * (part % 4), words);
    put_words(row.q + 8 * u, words);
    move<u16>(b + 2 * part, row.scales + 2 * u);
    if (part == 0) move<u32>(b + 80, row.super + 4 * (u / 8));
  }
};

// The third bits are a bit each of 32 bytes; scales are unpacked and made signed.
struct Q3_K : LargeTraits<WeightType::kQ3_K> {
  static constexpr int kBlockBytes = 110;
  static constexpr bool kHalfScales = true;
  static constexpr i32 kZero = 4;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const auto k = (i32)(i % 32);
    const i32 q = two_bits_of(row.q + 8 * u, k) | bit_of(load<u32, 4>(row.high + 4 * u), k) << 2;
    const auto scale = (float)(i8)row.scales[2 * u + k / 16];
    return half_at(row.super + 2 * (u / 8)) * scale * (float)(q - 4);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      out.q[i] = (i32)((u32)raw.q[0].x[i / 4] >> (2 * (i % 4)) & 0x03030303U);
    }
    add_bits(raw.high[0], 2, out.q);
    out.scale[0] = (i8)(raw.scales & 255);
    out.scale[1] = (i8)(raw.scales >> 8);
    out.d = half_of(raw.super);
    return out;
  }
  __device__ static __inline__ i32 scale_of(const u8* scales, i32 g) {
    const i32 low = scales[g % 8] >> (g < 8 ? 0 : 4) & 15;
    return (low | (scales[8 + g % 4] >> (g / 4 * 2) & 3) << 4) - 32;
  }
  __device__ static __inline__ void repack(const u8* b, i32 part, const PlaneRowOut& row, i32 u) {
    u32 words[2];
    gather_two_bits<2>(b + 32 + 32 * (part / 4), 2 * (part % 4), words);
    put_words(row.q + 8 * u, words);
    *reinterpret_cast<u32*>(row.high + 4 * u) = gather_bits<2>(b, part);
    row.scales[2 * u] = (u8)scale_of(b + 96, 2 * part);
    row.scales[2 * u + 1] = (u8)scale_of(b + 96, 2 * part + 1);
    if (part == 0) move<u16>(b + 108, row.super + 2 * (u / 8));
  }
};

// Q4_K and Q5_K: scales and minima of 6 bits are unpacked to bytes. d * scale and dmin * minimum
// are exact in F32.
template <WeightType kOf>
struct Large6 : LargeTraits<kOf> {
  static constexpr bool kHasMin = true;
  __device__ static __inline__ float scaled(const PlaneRow& row, i64 u, i32 q) {
    const u8 *scales = row.scales + 2 * u, *super = row.super + 4 * (u / 8);
    return half_at(super) * (float)scales[0] * (float)q - half_at(super + 2) * (float)scales[1];
  }
  __device__ static __inline__ void decode_scales(const Raw& raw, Unit& out) {
    out.d = half_of(raw.super) * (float)(raw.scales & 255);
    out.m = -half_of(raw.super >> 16) * (float)(raw.scales >> 8);
  }
  __device__ static __inline__ void repack_scales(const u8* b, i32 part, const PlaneRowOut& row,
                                                  i32 u) {
    const u8* s = b + 4;
    const i32 k = part % 4;
    i32 scale = s[k] & 63, min = s[k + 4] & 63;
    if (part >= 4) {
      scale = (s[k + 8] & 15) | s[k] >> 6 << 4;
      min = s[k + 8] >> 4 | s[k + 4] >> 6 << 4;
    }
    row.scales[2 * u] = (u8)scale;
    row.scales[2 * u + 1] = (u8)min;
    if (part == 0) move<u32>(b, row.super + 4 * (u / 8));
  }
};

struct Q4_K : Large6<WeightType::kQ4_K> {
  static constexpr int kBlockBytes = 144;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    return scaled(row, u, nibble_of(row.q + 16 * u, (i32)(i % 32)));
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
    decode_scales(raw, out);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32 part, const PlaneRowOut& row, i32 u) {
    *reinterpret_cast<I32x4*>(row.q + 16 * u) =
        gather_nibbles<4>(b + 16 + 32 * (part / 2), 4 * (part % 2));
    repack_scales(b, part, row, u);
  }
};

struct Q5_K : Large6<WeightType::kQ5_K> {
  static constexpr int kBlockBytes = 176;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const auto k = (i32)(i % 32);
    const i32 low = nibble_of(row.q + 16 * u, k);
    return scaled(row, u, low | bit_of(load<u32, 4>(row.high + 4 * u), k) << 4);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
    add_bits(raw.high[0], 4, out.q);
    decode_scales(raw, out);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32 part, const PlaneRowOut& row, i32 u) {
    *reinterpret_cast<I32x4*>(row.q + 16 * u) =
        gather_nibbles<4>(b + 48 + 32 * (part / 2), 4 * (part % 2));
    *reinterpret_cast<u32*>(row.high + 4 * u) = gather_bits<4>(b + 16, part);
    repack_scales(b, part, row, u);
  }
};

// In the file a unit is one of the four runs of a block's half: all of its low bits in one nibble
// of 32 bytes, all of its high bits in one pair of 32 bytes.
struct Q6_K : LargeTraits<WeightType::kQ6_K> {
  static constexpr int kBlockBytes = 210;
  static constexpr bool kHalfScales = true;
  static constexpr i32 kZero = 32;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const i32 k = (i32)(i % 32);
    const i32 low = nibble_of(row.q + 16 * u, k);
    const i32 high = two_bits_of(row.high + 8 * u, k);
    const auto scale = (float)(i8)row.scales[2 * u + k / 16];
    return half_at(row.super + 2 * (u / 8)) * scale * (float)((low | high << 4) - 32);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
    add_two_bits(raw.high, 4, out.q);
    out.scale[0] = (i8)(raw.scales & 255);
    out.scale[1] = (i8)(raw.scales >> 8);
    out.d = half_of(raw.super);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32 part, const PlaneRowOut& row, i32 u) {
    const i32 half = part / 4, run = part % 4;
    u32 high[2];
    gather_two_bits<2>(b + 128 + 32 * half, 2 * run, high);
    *reinterpret_cast<I32x4*>(row.q + 16 * u) =
        gather_nibbles<2>(b + 64 * half + 32 * (run % 2), 4 * (run / 2));
    put_words(row.high + 8 * u, high);
    move<u16>(b + 192 + 2 * part, row.scales + 2 * u);
    if (part == 0) move<u16>(b + 208, row.super + 2 * (u / 8));
  }
};

// Codes are those of IQ4_NL (weights_codes.h); d * scale is exact in F32.
struct IQ4_XS : LargeTraits<WeightType::kIQ4_XS> {
  static constexpr int kBlockBytes = 136;
  static constexpr bool kSigned = true;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const float d = half_at(row.super + 2 * (u / 8)) * (float)(i8)row.scales[u];
    return d * (float)Iq4::value(nibble_of(row.q + 16 * u, (i32)(i % 32)));
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
#pragma unroll
    for (int i = 0; i < 8; ++i) out.q[i] = Iq4::values<A>(out.q[i]);
    out.d = half_of(raw.super) * (float)(i8)raw.scales;
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32 part, const PlaneRowOut& row, i32 u) {
    move_words<4, 4>(b + 8 + 16 * part, row.q + 16 * u);
    const i32 low = b[4 + part / 2] >> (part % 2 * 4) & 15;
    const i32 high = load<u16, 2>(b + 2) >> (2 * part) & 3;
    row.scales[u] = (u8)((low | high << 4) - 32);
    if (part == 0) move<u16>(b, row.super + 2 * (u / 8));
  }
};

}  // namespace rocmforge::gpu
