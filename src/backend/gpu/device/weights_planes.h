// What the weight types (weights.h) are made of.
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
  i32 min[2];    // the same, of m, where kHasMin too
  float d;
  float m;        // where kHasMin
  i32 coarse[8];  // where kCoarse: codes that count as 8 of those in q, and are added to them
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
  static constexpr bool kHalfScales = false, kCoarse = false;
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
  static constexpr bool kCoarse = false;
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
  if constexpr (kPlanes.q == 8) {
    const auto q = load<u64, 8>(row.q + 8 * u);
    raw.q[0].x[0] = (i32)(u32)q;
    raw.q[0].x[1] = (i32)(q >> 32);
  }
  if constexpr (kPlanes.high == 4) raw.high[0] = load<u32, 4>(row.high + 4 * u);
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
  if constexpr (kPlanes.super == 4) raw.super = load<u32, 4>(row.super + 4 * (u / 8));
  return raw;
}

// Words of one bit, (word >> i) & 0x01010101 of columns [4 i, 4 i + 4), and of two bits, of 16
// columns each word, as further bits `at` of codes.
__device__ __inline__ void add_bits(u32 word, int at, i32* q) {
#pragma unroll
  for (int i = 0; i < 8; ++i) q[i] |= (i32)((word >> i & 0x01010101U) << at);
}
__device__ __inline__ void add_two_bits(const u32* words, int at, i32* q) {
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    q[i] |= (i32)((words[i / 4] >> (2 * (i % 4)) & 0x03030303U) << at);
  }
}
// Of column k of a unit.
__device__ __inline__ i32 bit_of(u32 word, i32 k) {
  return (i32)(word >> (k % 4 * 8 + k / 4) & 1U);
}
__device__ __inline__ i32 two_bits_of(const u8* bytes, i32 k) {
  return bytes[k / 16 * 4 + k % 4] >> (k / 4 % 4 * 2) & 3;
}

// 32 bytes, each with a bit or two of a column from `shift` on, into words as above.
template <int kAlign>
__device__ __inline__ u32 gather_bits(const u8* from, i32 shift) {
  u32 word = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    word |= (load<u32, kAlign>(from + 4 * i) >> shift & 0x01010101U) << i;
  }
  return word;
}
template <int kAlign>
__device__ __inline__ void gather_two_bits(const u8* from, i32 shift, u32* words) {
  words[0] = words[1] = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    words[i / 4] |= (load<u32, kAlign>(from + 4 * i) >> shift & 0x03030303U) << (2 * (i % 4));
  }
}
// The nibbles of 32 bytes, each of one column, from `shift` on: a unit of codes of 4 bits.
template <int kAlign>
__device__ __inline__ I32x4 gather_nibbles(const u8* from, i32 shift) {
  I32x4 codes;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const u32 first = load<u32, kAlign>(from + 4 * i) >> shift & 0x0f0f0f0fU;
    const u32 second = load<u32, kAlign>(from + 16 + 4 * i) >> shift & 0x0f0f0f0fU;
    codes.x[i] = (i32)(first | second << 4);
  }
  return codes;
}
__device__ __inline__ void put_words(u8* to, const u32* words) {
  *reinterpret_cast<u64*>(to) = (u64)words[1] << 32 | words[0];
}

}  // namespace rocmforge::gpu
