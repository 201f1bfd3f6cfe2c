// Activations for matmul: a row normalised, and in int8 with a scale each 32 columns.
//   scale = max|x| / 127, value = x * (127 / max|x|) to the nearest integer, ties to even;
//   sums: of each 16 values, by which a weight's constant part is multiplied.
// Where max|x| < 2^-119, scale and values are 0; where any x is Inf or NaN, the scale is NaN and
// the values are 0. The CPU's kernels round the same way.
#pragma once

#include "backend/gpu/device/reduce.h"

namespace rocmforge::gpu {

inline constexpr u32 kInfinityBits = 0x7f800000U;

// The factor of the norm: 1 / sqrt(mean(x^2) + eps). All threads of the workgroup call it.
template <class A, int kThreads>
__device__ __inline__ float norm_factor(const float* x, i32 cols, float eps, float* scratch) {
  float squares = 0;
  for (i32 c = A::thread(); c < cols; c += kThreads) squares = __builtin_fmaf(x[c], x[c], squares);
  squares = sum_group<A, kThreads>(squares, scratch);
  return 1.0F / __builtin_sqrtf(squares / (float)cols + eps);
}

// Where a row goes; any part may be left out (kF32, kInt8 of store_row).
struct PreparedRow {
  float* f32;
  i8* values;
  float* scales;
  i16* sums;
};

// Four consecutive columns a thread; eight neighbouring lanes make a block of 32. `cols` is a
// multiple of 32 where kInt8.
template <class A, int kThreads, bool kF32, bool kInt8>
__device__ __inline__ void store_row(const float* x, const float* gain, float factor, i32 cols,
                                     const PreparedRow& to) {
  if constexpr (!kInt8) {
    for (i32 c = A::thread(); c < cols; c += kThreads) {
      to.f32[c] = gain != nullptr ? x[c] * factor * gain[c] : x[c];
    }
    return;
  }
  for (i32 begin = 0; begin < cols; begin += 4 * kThreads) {
    const i32 c = begin + 4 * A::thread();
    const bool inside = c < cols;  // the same for all eight lanes of a block
    float v[4];
    u32 bits = 0;
    for (int i = 0; i < 4; ++i) {
      v[i] = inside ? x[c + i] : 0.0F;
      if (gain != nullptr && inside) v[i] = v[i] * factor * gain[c + i];
      bits = max_of(bits, bits_as<u32>(v[i]) & 0x7fffffffU);
    }
    bits = max_lanes<A, 8>(bits);
    const float largest = bits_as<float>(bits);
    const bool finite = bits < kInfinityBits;
    const bool zero = !finite || largest < 0x1p-119F;
    const float inverse = zero ? 0.0F : 127.0F / largest;
    u32 packed = 0;
    i32 sum = 0;
    for (int i = 0; i < 4; ++i) {
      const i32 q = zero ? 0 : (i32)__builtin_rintf(v[i] * inverse);
      packed |= ((u32)q & 255U) << (8 * i);
      sum += q;
    }
    sum = sum_lanes<A, 4>(sum);
    if (!inside) continue;
    *reinterpret_cast<u32*>(to.values + c) = packed;
    if (c % 16 == 0) to.sums[c / 16] = (i16)sum;
    if (c % 32 == 0) {
      to.scales[c / 32] = zero ? (finite ? 0.0F : __builtin_nanf("")) : largest / 127.0F;
    }
    if constexpr (kF32) {
      for (int i = 0; i < 4; ++i) to.f32[c + i] = v[i];
    }
  }
}

}  // namespace rocmforge::gpu
