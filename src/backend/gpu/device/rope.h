// One element of a rotated head.
#pragma once

#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu {

// Dimension d of head x [head_dim], its first n_rot dimensions rotated by the pairs of
// cos_sin [n_rot / 2][2]: (a, b) -> (a cos - b sin, a sin + b cos).
__device__ __inline__ float rope_element(const RopeSpecArgs& rope, const float* x,
                                         const float* cos_sin, i32 d) {
  if (d >= rope.n_rot) return x[d];
  const i32 half = rope.n_rot / 2;
  const i32 pair = rope.neox != 0 ? (d < half ? d : d - half) : d / 2;
  const bool second = rope.neox != 0 ? d >= half : d % 2 != 0;
  const i32 other = rope.neox != 0 ? (second ? d - half : d + half) : d ^ 1;
  const float c = cos_sin[2 * pair], s = cos_sin[2 * pair + 1];
  return second ? x[other] * s + x[d] * c : x[d] * c - x[other] * s;
}

}  // namespace rocmforge::gpu
