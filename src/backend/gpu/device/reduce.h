// Sums and maxima over lanes and workgroups, in an order that depends on neither data nor rows.
#pragma once

#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu {

// Over each run of kWidth lanes (a power of two); every lane gets the result.
template <class A, int kWidth, class T, class F>
__device__ __inline__ T over_lanes(T x, F f) {
  static_assert(sizeof(T) == 4);
  if constexpr (kWidth > 1) {
    x = over_lanes<A, kWidth / 2>(x, f);
    return f(x, bits_as<T>(A::template xor_lane<kWidth / 2>(bits_as<i32>(x))));
  } else {
    return x;
  }
}
template <class A, int kWidth, class T>
__device__ __inline__ T sum_lanes(T x) {
  return over_lanes<A, kWidth>(x, [](T a, T b) { return a + b; });
}
template <class A, int kWidth, class T>
__device__ __inline__ T max_lanes(T x) {
  return over_lanes<A, kWidth>(x, [](T a, T b) { return max_of(a, b); });
}

// Over a workgroup of kThreads; `scratch` holds a T a wave. Every thread gets the result.
template <class A, int kThreads, class T, class F>
__device__ __inline__ T over_group(T x, T* scratch, F f) {
  constexpr int kWaves = kThreads / A::kWave;
  x = over_lanes<A, A::kWave>(x, f);
  A::barrier();  // an earlier use of scratch is over
  if (A::lane() == 0) scratch[A::thread() / A::kWave] = x;
  A::barrier();
  T y = scratch[0];
  for (int w = 1; w < kWaves; ++w) y = f(y, scratch[w]);
  return y;
}
template <class A, int kThreads, class T>
__device__ __inline__ T sum_group(T x, T* scratch) {
  return over_group<A, kThreads>(x, scratch, [](T a, T b) { return a + b; });
}
template <class A, int kThreads, class T>
__device__ __inline__ T max_group(T x, T* scratch) {
  return over_group<A, kThreads>(x, scratch, [](T a, T b) { return max_of(a, b); });
}

}  // namespace rocmforge::gpu
