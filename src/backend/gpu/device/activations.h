// Rows of activations on their way into products: read, normalised, and in int8.
//   scale = max|x| / 127, value = x * (127 / max|x|) to the nearest integer, ties to even, of each
//   32 columns; sums: of the values, by which a weight's constant part is multiplied.
// Where max|x| < 2^-119, scale and values are 0; where any x is Inf or NaN, the scale is NaN and
// the values are 0. The CPU's kernels round the same way, but divide where these multiply by a
// reciprocal.
#pragma once

#include "backend/gpu/device/reduce.h"
#include "backend/gpu/ops/matmul_args.h"

namespace rocmforge::gpu {

inline constexpr u32 kInfinityBits = 0x7f800000U;

// A row of x and its norm.
struct RowOfX {
  const float* x;
  const float* gain;  // or null; aligned
  float factor;       // of the norm
  i32 cols;
  bool aligned;  // x, to 16 bytes, and cols is a multiple of 4

  // Columns [c, c + 4 K), 0 past the end; c is a multiple of 4.
  template <int K>
  __device__ __inline__ void read(const float* from, i32 c, F32x4 (&out)[K]) const {
#pragma unroll
    for (int k = 0; k < K; ++k) out[k] = {{0, 0, 0, 0}};
    if (aligned) {
#pragma unroll
      for (int k = 0; k < K; ++k) {
        if (c + 4 * k < cols) out[k] = load<F32x4, 16>(from + c + 4 * k);
      }
    } else {
#pragma unroll
      for (int i = 0; i < 4 * K; ++i) {
        if (c + i < cols) out[i / 4].x[i % 4] = from[c + i];
      }
    }
  }
  // The same, normalised.
  template <int K>
  __device__ __inline__ void normalised(i32 c, F32x4 (&out)[K]) const {
    read(x, c, out);
    if (gain == nullptr) return;
    F32x4 g[K];
    read(gain, c, g);
#pragma unroll
    for (int i = 0; i < 4 * K; ++i) {
      out[i / 4].x[i % 4] = out[i / 4].x[i % 4] * factor * g[i / 4].x[i % 4];
    }
  }
};

__device__ __inline__ bool is_aligned(const float* x, i64 stride, i32 cols) {
  return ((u64)x | (u64)(4 * stride) | (u64)(4 * cols)) % 16 == 0;
}

// Part `part` of the sum of squares of a row: a wave's, the same whatever the other rows.
template <class A>
__device__ __inline__ float squares_of(const RowOfX& row, i32 part) {
  float squares = 0;
  for (i32 c = 4 * (part * A::kWave + A::lane()); c < row.cols; c += 4 * kNormParts * A::kWave) {
    F32x4 v[1];
    row.read(row.x, c, v);
#pragma unroll
    for (int i = 0; i < 4; ++i) squares = __builtin_fmaf(v[0].x[i], v[0].x[i], squares);
  }
  return sum_lanes<A, A::kWave>(squares);
}
// 1 / sqrt(mean(x^2) + eps) of the parts' sums.
__device__ __inline__ float norm_factor(const float* parts, i32 cols, float eps) {
  float squares = 0;
#pragma unroll
  for (int i = 0; i < kNormParts; ++i) squares += parts[i];
  return 1.0F / __builtin_sqrtf(squares / (float)cols + eps);
}

// 16 columns of a block of 32, of which a neighbouring lane holds the others.
struct Int8Half {
  I32x4 values;
  UnitScale unit;  // in the lane of the first half
};
template <class A, bool kHalfSums>
__device__ __inline__ Int8Half quantize_half(const F32x4 (&v)[4]) {
  u32 bits = 0;
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    bits = max_of(bits, bits_as<u32>(v[i / 4].x[i % 4]) & 0x7fffffffU);
  }
  bits = max_lanes<A, 2>(bits);
  const float largest = bits_as<float>(bits);
  const bool finite = bits < kInfinityBits;
  const bool zero = !finite || largest < 0x1p-119F;
  const float inverse = zero ? 0.0F : 127.0F * A::rcp(largest);
  // Added to 3 * 2^22, a value's bits end in its nearest whole number; so do those of Inf * 0.
  constexpr float kWhole = 0x1.8p23F;
  Int8Half out;
  i32 sum = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    u32 q[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) q[j] = bits_as<u32>(v[i].x[j] * inverse + kWhole);
    const u32 low = A::bytes(q[0], q[1], 0x00000400U), high = A::bytes(q[2], q[3], 0x00000400U);
    const i32 packed = (i32)A::bytes(low, high, 0x05040100U);
    out.values.x[i] = packed;
    sum = A::dot4(packed, 0x01010101, sum);
  }
  const i32 other = A::template xor_lane<1>(sum);
  out.unit.sums = kHalfSums ? (i32)(((u32)sum & 0xffffU) | (u32)other << 16) : sum + other;
  out.unit.scale = zero ? (finite ? 0.0F : __builtin_nanf("")) : largest * (1 / 127.0F);
  return out;
}

}  // namespace rocmforge::gpu
