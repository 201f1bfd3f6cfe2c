// One element of a head that is normalised and rotated, or either.
#pragma once

#include "backend/gpu/device/lang.h"
#include "backend/gpu/device/reduce.h"

namespace rocmforge::gpu {

// Dimension d of head x [head_dim], its first n_rot dimensions rotated by the pairs of
// cos_sin [n_rot / 2][2]: (a, b) -> (a cos - b sin, a sin + b cos). X: what x[d] can be asked of.
template <class X>
__device__ __inline__ float rope_element(const RopeSpecArgs& rope, const X& x, const float* cos_sin,
                                         i32 d) {
  if (d >= rope.n_rot) return x[d];
  const i32 half = rope.n_rot / 2;
  const i32 pair = rope.neox != 0 ? (d < half ? d : d - half) : d / 2;
  const bool second = rope.neox != 0 ? d >= half : d % 2 != 0;
  const i32 other = rope.neox != 0 ? (second ? d - half : d + half) : d ^ 1;
  const float c = cos_sin[2 * pair], s = cos_sin[2 * pair + 1];
  return second ? x[other] * s + x[d] * c : x[d] * c - x[other] * s;
}

// A head of queries or keys, RMS-normalised where there is a gain.
struct NormedHead {
  const float* x;     // [head_dim]
  const float* gain;  // [head_dim], or null
  float factor;       // 1 / root of the mean square
  __device__ __inline__ float operator[](i32 d) const {
    return gain == nullptr ? x[d] : x[d] * factor * gain[d];
  }
};

// All lanes of a wave call it; each wave finds the same.
template <class A>
__device__ __inline__ NormedHead normed_head(const HeadNormArgs& norm, const float* x, i32 head_dim,
                                             i32 lane) {
  NormedHead head{x, norm.gain, 1};
  if (norm.gain == nullptr) return head;
  float squares = 0;
  for (i32 d = lane; d < head_dim; d += A::kWave) {
    squares = __builtin_fmaf(x[d], x[d], squares);
  }
  squares = sum_lanes<A, A::kWave>(squares);
  head.factor = 1.0F / __builtin_sqrtf(squares / (float)head_dim + norm.eps);
  return head;
}

// Dimension d as it is used: rotated where there is rope.
__device__ __inline__ float head_element(const RopeSpecArgs& rope, const NormedHead& x,
                                         const float* cos_sin, i32 d) {
  return rope.n_rot > 0 ? rope_element(rope, x, cos_sin, d) : x[d];
}

}  // namespace rocmforge::gpu
