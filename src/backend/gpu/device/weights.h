// The weight types: one struct each. To add one: its struct here, in weights_k.h or
// weights_codes.h, a case of with_type, its row of plane_bytes (ops/weight_args.h), of half_parts
// and dot_parts (ops/matmul_args.h) where it is not their default, and an instance of each kernel
// that takes it.
//
// Every type gives value(row, i): element i of a row in planes, rounded as the file format defines
// it. Quantized types (kQuantized) also give unit(row, u): columns [32 u, 32 u + 32) for integer
// dot products; there a weight is d * scale[i / 16] * (q - kZero) + m * min[i / 16]. It is
// decode<A>() of what load_raw() took from the planes, so that a kernel can have many loads under
// way. And repack(block, part, row, u): unit u of a row, which is unit `part` of a block as the
// file has it (src/tensor/quant), into planes; every bit is kept.
#pragma once

#include "backend/gpu/device/weights_codes.h"
#include "backend/gpu/device/weights_k.h"
#include "backend/gpu/device/weights_planes.h"

namespace rocmforge::gpu {

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

struct Q5_0 : BlockTraits<WeightType::kQ5_0> {
  static constexpr int kBlockBytes = 22;
  static constexpr i32 kZero = 16;
  // Four neighbouring bits of the file's word, one each byte.
  __device__ static __inline__ u32 spread(u32 bits) {
    return (bits & 15U) * 0x00204081U & 0x01010101U;
  }
  // The file's word has bit i for column i.
  __device__ static __inline__ u32 repack_high(u32 word) {
    u32 out = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) out |= spread(word >> (4 * i)) << i;
    return out;
  }
  __device__ static __inline__ i32 code(const PlaneRow& row, i64 u, i32 k) {
    return nibble_of(row.q + 16 * u, k) | bit_of(load<u32, 4>(row.high + 4 * u), k) << 4;
  }
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    return (float)(code(row, u, (i32)(i % 32)) - 16) * half_at(row.scales + 2 * u);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
    add_bits(raw.high[0], 4, out.q);
    out.d = half_of(raw.scales);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    move_words<4, 2>(b + 6, row.q + 16 * u);
    *reinterpret_cast<u32*>(row.high + 4 * u) = repack_high(load<u32, 2>(b + 2));
    move<u16>(b, row.scales + 2 * u);
  }
};

struct Q5_1 : BlockTraits<WeightType::kQ5_1> {
  static constexpr int kBlockBytes = 24;
  static constexpr bool kHasMin = true;
  __device__ static __inline__ float value(const PlaneRow& row, i64 i) {
    const i64 u = i / 32;
    const u8* scales = row.scales + 4 * u;
    return (float)Q5_0::code(row, u, (i32)(i % 32)) * half_at(scales) + half_at(scales + 2);
  }
  template <class A>
  __device__ static __inline__ Unit decode(const Raw& raw) {
    Unit out;
    split_nibbles(raw.q[0], out.q);
    add_bits(raw.high[0], 4, out.q);
    out.d = half_of(raw.scales);
    out.m = half_of(raw.scales >> 16);
    return out;
  }
  __device__ static __inline__ void repack(const u8* b, i32, const PlaneRowOut& row, i32 u) {
    move_words<4, 4>(b + 8, row.q + 16 * u);
    *reinterpret_cast<u32*>(row.high + 4 * u) = Q5_0::repack_high(load<u32, 4>(b + 4));
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
    case WeightType::kQ5_0:
      return f(Q5_0{});
    case WeightType::kQ5_1:
      return f(Q5_1{});
    case WeightType::kQ8_0:
      return f(Q8_0{});
    case WeightType::kQ2_K:
      return f(Q2_K{});
    case WeightType::kQ3_K:
      return f(Q3_K{});
    case WeightType::kQ4_K:
      return f(Q4_K{});
    case WeightType::kQ5_K:
      return f(Q5_K{});
    case WeightType::kQ6_K:
      return f(Q6_K{});
    case WeightType::kIQ4_NL:
      return f(IQ4_NL{});
    case WeightType::kIQ4_XS:
      return f(IQ4_XS{});
    case WeightType::kMXFP6_E2M3:
      return f(MXFP6_E2M3{});
    case WeightType::kMXFP6_E3M2:
      return f(MXFP6_E3M2{});
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
