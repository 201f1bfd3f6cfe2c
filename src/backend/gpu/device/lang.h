// The language of device code: what a vendor's header would give, from the compiler alone.
// No libc, no hidden kernel arguments (sizes of blocks and grids are constants or arguments).
#pragma once

#include "backend/gpu/ops/common_args.h"

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __inline__ inline __attribute__((always_inline))

// After a lambda's parameters.
#define RF_INLINE __attribute__((always_inline))

// A kernel of exactly `threads` threads a workgroup; it takes one struct by value. RF_KERNEL_OF: of
// at most so many, and for NVIDIA, where registers are shared out by it, of `groups` workgroups
// that a unit is to hold.
#if defined(__AMDGCN__)
#define RF_KERNEL(threads)                                  \
  extern "C" __attribute__((global, visibility("default"))) \
  __attribute__((amdgpu_flat_work_group_size(threads, threads))) void
#define RF_KERNEL_OF(threads, groups)                       \
  extern "C" __attribute__((global, visibility("default"))) \
  __attribute__((amdgpu_flat_work_group_size(64, threads))) void
#else
#define RF_KERNEL(threads) extern "C" __attribute__((global, launch_bounds(threads))) void
#define RF_KERNEL_OF(threads, groups) \
  extern "C" __attribute__((global, launch_bounds(threads, groups))) void
#endif

namespace rocmforge::gpu {

using f16 = _Float16;

inline constexpr float kInfinity = __builtin_inff();

template <class To, class From>
__device__ __inline__ To bits_as(From x) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, x);
}

template <class T>
__device__ __inline__ T min_of(T a, T b) {
  return b < a ? b : a;
}
template <class T>
__device__ __inline__ T max_of(T a, T b) {
  return a < b ? b : a;
}

// A T at any multiple of kAlign bytes.
template <class T, int kAlign>
__device__ __inline__ T load(const void* at) {
  struct __attribute__((packed, aligned(kAlign))) Loose {
    T x;
  };
  return static_cast<const Loose*>(at)->x;
}

template <bool kFirst, class A, class B>
struct Choice {
  using Type = A;
};
template <class A, class B>
struct Choice<false, A, B> {
  using Type = B;
};
template <bool kFirst, class A, class B>
using OneOf = typename Choice<kFirst, A, B>::Type;

struct F32x4 {
  float x[4];
};
struct I32x4 {
  i32 x[4];
};

}  // namespace rocmforge::gpu
