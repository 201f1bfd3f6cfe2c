// bfloat16 as HIP 6's hip/hip_bf16.h names it, where the headers at hand are older.
#pragma once

#include <hip/hip_runtime.h>

struct __hip_bfloat16 {
  unsigned short __x;
  __hip_bfloat16() = default;
  __host__ __device__ __hip_bfloat16(float f) {
    unsigned bits = __builtin_bit_cast(unsigned, f);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    bits = nan ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1u);  // round to nearest even
    __x = static_cast<unsigned short>(bits >> 16);
  }
  __host__ __device__ operator float() const {
    return __builtin_bit_cast(float, static_cast<unsigned>(__x) << 16);
  }
};
struct __hip_bfloat162 {
  __hip_bfloat16 x, y;
};
inline __host__ __device__ float __bfloat162float(__hip_bfloat16 x) {
  return x;
}
inline __host__ __device__ __hip_bfloat16 __float2bfloat16(float x) {
  return x;
}
inline __host__ __device__ float2 __bfloat1622float2(__hip_bfloat162 x) {
  return {float(x.x), float(x.y)};
}
inline __host__ __device__ __hip_bfloat162 __float22bfloat162_rn(float2 x) {
  return {x.x, x.y};
}
inline __host__ __device__ float __low2float(__hip_bfloat162 x) {
  return x.x;
}
inline __host__ __device__ float __high2float(__hip_bfloat162 x) {
  return x.y;
}
inline __host__ __device__ __hip_bfloat162 __halves2bfloat162(__hip_bfloat16 a, __hip_bfloat16 b) {
  return {a, b};
}
inline __host__ __device__ __hip_bfloat162 make_bfloat162(__hip_bfloat16 a, __hip_bfloat16 b) {
  return {a, b};
}
inline __host__ __device__ __hip_bfloat16 __low2bfloat16(__hip_bfloat162 x) {
  return x.x;
}
inline __host__ __device__ __hip_bfloat16 __high2bfloat16(__hip_bfloat162 x) {
  return x.y;
}
