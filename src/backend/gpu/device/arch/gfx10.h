// RDNA2 (gfx1030 to gfx1036): wave32, signed dot4, no matrix units: products are dots there, of
// int8 for quantized weights (matmul_dots.h), of halves for plain ones.
#pragma once

#include "backend/gpu/device/arch/amd.h"

namespace rocmforge::gpu::gfx10 {

// The tiles of gfx11, by dot2 of F16, and by multiplies of BF16. A fragment is where its rows are,
// in LDS; each lane reads those that it needs.
template <class T>
struct MmaHalf {
  static constexpr int kK = 16;
  static constexpr int kPerLane = 8;
  using Element = T;
  __device__ static __inline__ i32 row(i32 lane, i32 i) { return 2 * i + lane / 16; }
  __device__ static __inline__ i32 column(i32 lane, i32) { return lane % 16; }
  struct Fragment {
    const T* at;
    i32 stride, lane;
    __device__ __inline__ u32 word(i32 r, i32 w) const {
      return reinterpret_cast<const u32*>(at + r * stride)[w];
    }
  };
  using Sum = FloatX8;
  __device__ static __inline__ Fragment load_first(const T* at, i32 stride, i32 lane) {
    return {at, stride, lane};
  }
  __device__ static __inline__ Fragment load_second(const T* at, i32 stride, i32 lane) {
    return {at, stride, lane};
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    // In turn: the words of all products at once are more than the registers hold.
#pragma unroll 1
    for (int w = 0; w < kK / 2; ++w) {
      Amd::keep_order();
      const u32 x = b.word(column(b.lane, 0), w);
#pragma unroll
      for (int i = 0; i < kPerLane; ++i) c[i] = dot2(a.word(row(a.lane, i), w), x, c[i]);
    }
    return c;
  }

 private:
  __device__ static __inline__ float dot2(u32 a, u32 b, float c) {
    if constexpr (__is_same(T, f16)) {
      using Pair = f16 __attribute__((ext_vector_type(2)));
      return __builtin_amdgcn_fdot2(bits_as<Pair>(a), bits_as<Pair>(b), c, false);
    } else {
      c = __builtin_fmaf(bits_as<float>(a << 16), bits_as<float>(b << 16), c);
      return __builtin_fmaf(bits_as<float>(a & 0xffff0000U), bits_as<float>(b & 0xffff0000U), c);
    }
  }
};
using MmaF16 = MmaHalf<f16>;
using MmaBF16 = MmaHalf<u16>;

struct Arch : Rdna {
  static constexpr bool kMatrixUnits = false;
  template <bool kBf16>
  using HalfMma = OneOf<kBf16, MmaBF16, MmaF16>;

  using Amd::keep_order;
  // Loads after it are not done before `x` is there.
  __device__ static __inline__ void keep_order(float (&x)[4]) {
    asm volatile("" : "+v"(x[0]), "+v"(x[1]), "+v"(x[2]), "+v"(x[3]) : : "memory");
  }

  // c + sum of the four products of signed bytes; dot4_first: of c = 0. Tests run this
  // architecture's kernels on a gfx11 card, which has both as one instruction.
#if defined(__GFX11__)
  __device__ static __inline__ i32 dot4(i32 a, i32 b, i32 c) {
    return __builtin_amdgcn_sudot4(true, a, true, b, c, false);
  }
  __device__ static __inline__ i32 dot4_first(i32 a, i32 b) { return dot4(a, b, 0); }
#else
  __device__ static __inline__ i32 dot4(i32 a, i32 b, i32 c) {
    return __builtin_amdgcn_sdot4(a, b, c, false);
  }
  // The compiler would clear a register for v_dot4c, which adds to it.
  __device__ static __inline__ i32 dot4_first(i32 a, i32 b) {
    i32 out;
    asm("v_dot4_i32_i8 %0, %1, %2, 0" : "=v"(out) : "v"(a), "v"(b));
    return out;
  }
#endif
};

}  // namespace rocmforge::gpu::gfx10
