// The weight types: one struct each. To add one: its struct, a case of with_type, its row of
// plane_bytes (ops/weight_args.h), and an instance of each kernel that takes it.
//
// Every type gives value(row, i): element i of a row in planes, rounded as the file format defines
// it. Quantized types (kQuantized) also give unit(row, u): columns [32 u, 32 u + 32) for integer
// dot products; there a weight is d * scale[i / 16] * (q - kZero) + m. It is decode<A>() of what
// load_raw() took from the planes, so that a kernel can have many loads under way. And
// repack(block, part, row, u): unit u of a row, which is unit `part` of a block as the file has it
// (src/tensor/quant), into planes; every bit is kept.
#pragma once

#include "backend/gpu/device/lang.h"
#include "backend/gpu/ops/weight_args.h"

namespace rocmforge::gpu {

// Where a row begins in each plane; Byte is u8 or const u8.
template <class Byte>
struct RowIn {
  Byte *q, *high, *scales, *super;  // those that the type lacks are not to be used
};
using PlaneRow = RowIn<const u8>;
using PlaneRowOut = RowIn<u8>;

// A unit as it lies in the planes; what its type lacks is not set.
struct Raw {
  I32x4 q[2];
  u32 high[2];
  u32 scales, super;
};

struct Unit {
  i32 q[8];      // four bytes each, in the order of the columns
  i32 scale[2];  // of the halves, where kHalfScales
  float d;
  float m;  // where kHasMin
};

__device__ __inline__ float half_at(const u8* at) {
  return (float)load<f16, 2>(at);
}

// 32 nibbles: byte j has column j in its low, j + 16 in its high nibble.
__device__ __inline__ void split_nibbles(const I32x4& words, i32* q) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const u32 w = (u32)words.x[i];
    q[i] = (i32)(w & 0x0f0f0f0fU);
    q[i + 4] = (i32)(w >> 4 & 0x0f0f0f0fU);
  }
}
__device__ __inline__ float half_of(u32 bits) {
  return (float)bits_as<f16>((u16)bits);
}
__device__ __inline__ i32 nibble_of(const u8* q, i32 i) {
  return i < 16 ? q[i] & 15 : q[i - 16] >> 4;
}

// kWords words from a file's block, which has them at any multiple of kAlign, into a plane, which
// has them at a multiple of 16.
template <int kWords, int kAlign>
__device__ __inline__ void move_words(const u8* from, u8* to) {
#pragma unroll
  for (int i = 0; i < kWords; i += 4) {
    I32x4 words;
    for (int j = 0; j < 4; ++j) words.x[j] = load<i32, kAlign>(from + 4 * (i + j));
    *reinterpret_cast<I32x4*>(to + 4 * i) = words;
  }
}
template <class T>
__device__ __inline__ void move(const u8* from, u8* to) {
  *reinterpret_cast<T*>(to) = load<T, (sizeof(T) < 2 ? 1 : 2)>(from);
}

template <WeightType kOf>
struct PlainTraits {
  static constexpr bool kSingle = true;  // one type, see matmul.h
  static constexpr bool kQuantized = false, kTakesF32 = true, kTakesInt8 = false;
  static constexpr bool kHalfScales = false;
  static constexpr WeightType kType = kOf;
  static constexpr PlaneBytes kPlanes = plane_bytes(kOf);
  static constexpr int kBytes = kPlanes.q;  // of an element
  static constexpr int kBlockBytes = kBytes, kBlockUnits = 1;
};
template <WeightType kOf>
struct BlockTraits {
  static constexpr bool kSingle = true;
  static constexpr bool kQuantized = true, kTakesF32 = false, kTakesInt8 = true;
  static constexpr bool kHalfScales = false;
  static constexpr bool kHasMin = false;
  static constexpr bool kSigned = false;  // codes
  static constexpr i32 kZero = 0;
  static constexpr WeightType kType = kOf;
  static constexpr PlaneBytes kPlanes = plane_bytes(kOf);
  static constexpr int kBlockUnits = 1;  // in a block of the file
};

// Row r of a segment of type T.
template <class T, class Byte>
__device__ __inline__ RowIn<Byte> row_in(const RowIn<Byte>& planes, i64 r, i32 cols) {
  constexpr PlaneBytes kPlanes = T::kPlanes;
  RowIn<Byte> out = planes;
  out.q += r * q_stride(kPlanes, cols);
  if constexpr (kPlanes.high != 0) out.high += r * high_stride(kPlanes, cols);
  if constexpr (kPlanes.scales != 0) out.scales += r * scales_stride(kPlanes, cols);
  if constexpr (kPlanes.super != 0) out.super += r * super_stride(kPlanes, cols);
  return out;
}
template <class T>
__device__ __inline__ PlaneRow row_in(const SegmentArgs& s, i64 r, i32 cols) {
  return row_in<T>(PlaneRow{s.q, s.high, s.scales, s.super}, r, cols);
}

// Unit u of a row of a quantized type.
template <class T>
__device__ __inline__ Raw load_raw(const PlaneRow& row, i32 u) {
  constexpr PlaneBytes kPlanes = T::kPlanes;
  Raw raw;
#pragma unroll
  for (int i = 0; i < kPlanes.q / 16; ++i) {
    raw.q[i] = load<I32x4, 16>(row.q + kPlanes.q * u + 16 * i);
  }
  if constexpr (kPlanes.high == 8) {
    const auto high = load<u64, 8>(row.high + 8 * u);
    raw.high[0] = (u32)high;
    raw.high[1] = (u32)(high >> 32);
  }
  const u8* scales = row.scales + kPlanes.scales * u;
  if constexpr (kPlanes.scales == 1) raw.scales = *scales;
  if constexpr (kPlanes.scales == 2) raw.scales = load<u16, 2>(scales);
  if constexpr (kPlanes.scales == 4) raw.scales = load<u32, 4>(scales);
  if constexpr (kPlanes.super == 2) raw.super = load<u16, 2>(row.super + 2 * (u / 8));
  return raw;
}

// value_at: of elements that are not in a plane.
struct F32 : PlainTraits<WeightType::kF32> {
  __device__ static __inline__ float value_at(const u8* at, i64 i) {
    return *reinterpret_cast<const float*>(at + 4 * i);
  }
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    return value_at(row.q, i);
  }
  __device__ static __inline__ void repack(const u8* from, i32, const PlaneRowOut& row, i32 u) {
    move<u32>(from, row.q + 4 * (i64)u);
  }
};
struct F16 : PlainTraits<WeightType::kF16> {
  __device__ static __inline__ float value_at(const u8* at, i64 i) { return half_at(at + 2 * i); }
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    return value_at(row.q, i);
  }
  __device__ static __inline__ void repack(const u8* from, i32, const PlaneRowOut& row, i32 u) {
    move<u16>(from, row.q + 2 * (i64)u);
  }
};
struct BF16 : PlainTraits<WeightType::kBF16> {
  __device__ static __inline__ float value_at(const u8* at, i64 i) {
    return bits_as<float>((u32)load<u16, 2>(at + 2 * i) << 16);
  }
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    return value_at(row.q, i);
  }
  __device__ static __inline__ void repack(const u8* from, i32, const PlaneRowOut& row, i32 u) {
    move<u16>(from, row.q + 2 * (i64)u);
  }
};

struct Q4_0 : BlockTraits<WeightType::kQ4_0> {
  static constexpr int kBlockBytes = 18;
  static constexpr i32 kZero = 8;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    return (float)(nibble_of(row.q + 16 * u, (i32)(i % 32)) - 8) * half_at(row.scales + 2 * u);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
    out.d = half_of(raw.scales);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    move_words<4, 2>(b + 2, row.q + 16 * u);
    move<u16>(b, row.scales + 2 * u);
  }
};

struct Q4_1 : BlockTraits<WeightType::kQ4_1> {
  static constexpr int kBlockBytes = 20;
  static constexpr bool kHasMin = true;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const u8* scales = row.scales + 4 * u;
    return (float)nibble_of(row.q + 16 * u, (i32)(i % 32)) * half_at(scales) + half_at(scales + 2);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
    out.d = half_of(raw.scales);
    out.m = half_of(raw.scales >> 16);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    move_words<4, 4>(b + 4, row.q + 16 * u);
    move<u32>(b, row.scales + 4 * u);
  }
};

struct Q8_0 : BlockTraits<WeightType::kQ8_0> {
  static constexpr int kBlockBytes = 34;
  static constexpr bool kSigned = true;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    return (float)(i8)row.q[i] * half_at(row.scales + 2 * (i / 32));
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
#pragma unroll
    for (int i = 0; i < 8; ++i) out.q[i] = raw.q[i / 4].x[i % 4];
    out.d = half_of(raw.scales);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    move_words<8, 2>(b + 2, row.q + 32 * u);
    move<u16>(b, row.scales + 2 * u);
  }
};

// In the file a unit is one of the four runs of a block's half: all of its low bits in one nibble
// of 32 bytes, all of its high bits in one pair of 32 bytes.
struct Q6_K : BlockTraits<WeightType::kQ6_K> {
  static constexpr int kBlockBytes = 210, kBlockUnits = 8;
  static constexpr bool kHalfScales = true;
  static constexpr i32 kZero = 32;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const i32 k = (i32)(i % 32);
    const i32 low = nibble_of(row.q + 16 * u, k);
    const i32 high = row.high[8 * u + k / 16 * 4 + k % 4] >> (k / 4 % 4 * 2) & 3;
    const auto scale = (float)(i8)row.scales[2 * u + k / 16];
    return half_at(row.super + 2 * (u / 8)) * scale * (float)((low | high << 4) - 32);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      out.q[i] |= (i32)((raw.high[i / 4] >> (2 * (i % 4)) & 0x03030303U) << 4);
    }
    out.scale[0] = (i8)(raw.scales & 255);
    out.scale[1] = (i8)(raw.scales >> 8);
    out.d = half_of(raw.super);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32 part, const PlaneRowOut& row, i32 u) {
    const i32 half = part / 4, run = part % 4;
    const u8* low_at = b + 64 * half + 32 * (run % 2);
    const u8* high_at = b + 128 + 32 * half;
    I32x4 codes;
    u32 high[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const u32 first = load<u32, 2>(low_at + 4 * i) >> (4 * (run / 2)) & 0x0f0f0f0fU;
      const u32 second = load<u32, 2>(low_at + 16 + 4 * i) >> (4 * (run / 2)) & 0x0f0f0f0fU;
      codes.x[i] = (i32)(first | second << 4);
#pragma unroll
      for (int w = 0; w < 2; ++w) {
        const u32 bits = load<u32, 2>(high_at + 16 * w + 4 * i) >> (2 * run) & 0x03030303U;
        high[w] |= bits << (2 * i);
      }
    }
    *reinterpret_cast<I32x4*>(row.q + 16 * u) = codes;
    auto* to = reinterpret_cast<u32*>(row.high + 8 * u);
    to[0] = high[0];
    to[1] = high[1];
    move<u16>(b + 192 + 2 * part, row.scales + 2 * u);
    if (part == 0) move<u16>(b + 208, row.super + 2 * (u / 8));
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
  // The values that a word of codes (split_nibbles) stands for, as pairs of BF16: exact.
  template <class A>
  __device__ static __inline__ void bf16_pairs(i32 codes, u8 scale_code, u32* out) {
    // Upper and lower bytes of the magnitudes 0 0.5 1 1.5 2 3 4 6.
    constexpr u32 kUpperLow = 0x3f3f3f00U, kUpperHigh = 0x40404040U;
    constexpr u32 kLowerLow = 0xc0800000U, kLowerHigh = 0xc0804000U;
    const float d = 2 * scale(scale_code);
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

// f(T{}) of the type T that `type` names.
template <class F>
__device__ __inline__ void with_type(WeightType type, F f) {
  switch (type) {
    case WeightType::kF32:
      return f(F32{});
    case WeightType::kF16:
      return f(F16{});
    case WeightType::kBF16:
      return f(BF16{});
    case WeightType::kQ4_0:
      return f(Q4_0{});
    case WeightType::kQ4_1:
      return f(Q4_1{});
    case WeightType::kQ8_0:
      return f(Q8_0{});
    case WeightType::kQ6_K:
      return f(Q6_K{});
    case WeightType::kMXFP4:
      return f(MXFP4{});
    case WeightType::kI32:
      return;
  }
}

// The number of the segment that has row `row` of the weight.
__device__ __inline__ i32 segment_of(const WeightArgs& w, i32 row) {
  i32 s = 0;
#pragma unroll
  for (int i = 0; i + 1 < kMaxSegments; ++i) {
    s += i + 1 < w.n_segments && row >= w.segments[i].end ? 1 : 0;
  }
  return s;
}

}  // namespace rocmforge::gpu
