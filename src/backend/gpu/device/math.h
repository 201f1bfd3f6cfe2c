// Functions of one float.
#pragma once

#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu {

// e^x to some 2 ulp: 2^t of t = x log2(e), the rounding error of t made good to first order. Below
// e^-104 it is 0; above e^88.7228 infinite, where 2^t would be and times its error no number; NaN
// stays.
template <class A>
__device__ __inline__ float exp(float x) {
  constexpr float kLog2e = 0x1.715476p+0F, kLog2eRest = 0x1.4ae0cp-26F, kLn2 = 0x1.62e430p-1F;
  if (x < -104.0F) return 0.0F;
  if (x > 88.7228F) return kInfinity;
  const float t = x * kLog2e;
  const float rest = __builtin_fmaf(x, kLog2e, -t) + x * kLog2eRest;
  const float y = A::exp2(t);
  return __builtin_fmaf(y, rest * kLn2, y);
}

// x / (1 + e^-x).
template <class A>
__device__ __inline__ float silu(float x) {
  return x * A::rcp(1.0F + exp<A>(-x));
}

}  // namespace rocmforge::gpu
