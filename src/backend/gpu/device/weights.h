// The weight types: one struct each, the layouts being those of src/tensor/quant. To add one: its
// struct, a case of with_type, an instance in matmul.hip.
//
// Every type gives value(row, i): element i of a row, rounded as the file format defines it.
// Quantized types (kQuantized) also give unit(row, u): columns [32 u, 32 u + 32) for integer dot
// products; there a weight is d * scale[i / 16] * (q - kZero) + m.
#pragma once

#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu {

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
template <int kAlign>
__device__ __inline__ void load_nibbles(const u8* at, i32* q) {
  for (int i = 0; i < 4; ++i) {
    const u32 w = load<u32, kAlign>(at + 4 * i);
    q[i] = (i32)(w & 0x0f0f0f0fU);
    q[i + 4] = (i32)(w >> 4 & 0x0f0f0f0fU);
  }
}
__device__ __inline__ i32 nibble_of(const u8* q, i32 i) {
  return i < 16 ? q[i] & 15 : q[i - 16] >> 4;
}

struct PlainTraits {
  static constexpr bool kSingle = true;  // one type, see matmul.h
  static constexpr bool kQuantized = false, kTakesF32 = true, kTakesInt8 = false;
};
struct BlockTraits {
  static constexpr bool kSingle = true;
  static constexpr bool kQuantized = true, kTakesF32 = false, kTakesInt8 = true;
  static constexpr bool kHalfScales = false;
  static constexpr bool kHasMin = false;
  static constexpr i32 kZero = 0;
};

struct F32 : PlainTraits {
  static constexpr int kBytes = 4;
  __device__ static __inline__ float value(const u8* row, i64 i) {
    return *reinterpret_cast<const float*>(row + 4 * i);
  }
};
struct F16 : PlainTraits {
  static constexpr int kBytes = 2;
  __device__ static __inline__ float value(const u8* row, i64 i) { return half_at(row + 2 * i); }
};
struct BF16 : PlainTraits {
  static constexpr int kBytes = 2;
  __device__ static __inline__ float value(const u8* row, i64 i) {
    return bits_as<float>((u32)load<u16, 2>(row + 2 * i) << 16);
  }
};

struct Q4_0 : BlockTraits {
  static constexpr int kBlockBytes = 18;
  static constexpr i32 kZero = 8;
  __device__ static __inline__ float value(const u8* row, i64 i) {
    const u8* b = row + i / 32 * kBlockBytes;
    return (float)(nibble_of(b + 2, (i32)(i % 32)) - 8) * half_at(b);
  }
  __device__ static __inline__ Unit unit(const u8* row, i32 u) {
    const u8* b = row + u * kBlockBytes;
    Unit out;
    load_nibbles<2>(b + 2, out.q);
    out.d = half_at(b);
    return out;
  }
};

struct Q4_1 : BlockTraits {
  static constexpr int kBlockBytes = 20;
  static constexpr bool kHasMin = true;
  __device__ static __inline__ float value(const u8* row, i64 i) {
    const u8* b = row + i / 32 * kBlockBytes;
    return (float)nibble_of(b + 4, (i32)(i % 32)) * half_at(b) + half_at(b + 2);
  }
  __device__ static __inline__ Unit unit(const u8* row, i32 u) {
    const u8* b = row + u * kBlockBytes;
    Unit out;
    load_nibbles<4>(b + 4, out.q);
    out.d = half_at(b);
    out.m = half_at(b + 2);
    return out;
  }
};

struct Q8_0 : BlockTraits {
  static constexpr int kBlockBytes = 34;
  __device__ static __inline__ float value(const u8* row, i64 i) {
    const u8* b = row + i / 32 * kBlockBytes;
    return (float)(i8)b[2 + i % 32] * half_at(b);
  }
  __device__ static __inline__ Unit unit(const u8* row, i32 u) {
    const u8* b = row + u * kBlockBytes;
    Unit out;
    for (int i = 0; i < 8; ++i) out.q[i] = load<i32, 2>(b + 2 + 4 * i);
    out.d = half_at(b);
    return out;
  }
};

// A unit is one of the four runs of a half: all of its low bits in one nibble of 32 bytes, all of
// its high bits in one pair of 32 bytes.
struct Q6_K : BlockTraits {
  static constexpr int kBlockBytes = 210;
  static constexpr bool kHalfScales = true;
  static constexpr i32 kZero = 32;
  __device__ static __inline__ float value(const u8* row, i64 i) {
    const u8* b = row + i / 256 * kBlockBytes;
    const i32 k = (i32)(i % 256), half = k / 128, run = k / 32 % 4, l = k % 32;
    const i32 low = b[64 * half + 32 * (run % 2) + l] >> (4 * (run / 2)) & 15;
    const i32 high = b[128 + 32 * half + l] >> (2 * run) & 3;
    return half_at(b + 208) * (float)(i8)b[192 + k / 16] * (float)((low | high << 4) - 32);
  }
  __device__ static __inline__ Unit unit(const u8* row, i32 u) {
    const u8* b = row + u / 8 * kBlockBytes;
    const i32 half = u / 4 % 2, run = u % 4;
    const u8* low = b + 64 * half + 32 * (run % 2);
    const u8* high = b + 128 + 32 * half;
    Unit out;
    for (int i = 0; i < 8; ++i) {
      const u32 l = load<u32, 2>(low + 4 * i) >> (4 * (run / 2)) & 0x0f0f0f0fU;
      const u32 h = load<u32, 2>(high + 4 * i) >> (2 * run) & 0x03030303U;
      out.q[i] = (i32)(l | h << 4);
    }
    const i32 scales = load<u16, 2>(b + 192 + 2 * (u % 8));
    out.scale[0] = (i8)(scales & 255);
    out.scale[1] = (i8)(scales >> 8);
    out.d = half_at(b + 208);
    return out;
  }
};

// The values doubled, so that they are whole, and the scale halved.
struct MXFP4 : BlockTraits {
  static constexpr int kBlockBytes = 17;
  // 0 1 2 3 4 6 8 12 as bytes.
  static constexpr u32 kLow = 0x03020100U, kHigh = 0x0c080604U;
  __device__ static __inline__ float scale(u8 e) {
    return bits_as<float>(e < 2 ? 0x00200000U << e : (u32)(e - 1) << 23);
  }
  __device__ static __inline__ float value(const u8* row, i64 i) {
    const u8* b = row + i / 32 * kBlockBytes;
    const i32 code = nibble_of(b + 1, (i32)(i % 32));
    const i32 magnitude = (i32)(((u64)kHigh << 32 | kLow) >> (8 * (code & 7)) & 255);
    return (float)(code < 8 ? magnitude : -magnitude) * scale(b[0]);
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
  __device__ static __inline__ Unit unit_of(const u8* row, i32 u) {
    const u8* b = row + u * kBlockBytes;
    Unit out;
    load_nibbles<1>(b + 1, out.q);
    for (int i = 0; i < 8; ++i) out.q[i] = decode4<A>(out.q[i]);
    out.d = scale(b[0]);
    return out;
  }
};

template <class A, class T>
__device__ __inline__ Unit load_unit(const u8* row, i32 u) {
  if constexpr (__is_same(T, MXFP4)) {
    return MXFP4::unit_of<A>(row, u);
  } else {
    return T::unit(row, u);
  }
}

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

// The segment of a row, chosen with constant indices: those of a variable would hide from the
// compiler that the pointers are of global memory.
__device__ __inline__ SegmentArgs select_segment(const WeightArgs& w, i32 row) {
  SegmentArgs s = w.segments[0];
#pragma unroll
  for (int i = 1; i < kMaxSegments; ++i) {
    if (i < w.n_segments && row >= w.segments[i].begin) s = w.segments[i];
  }
  return s;
}

}  // namespace rocmforge::gpu
