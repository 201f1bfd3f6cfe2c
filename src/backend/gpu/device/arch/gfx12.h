// RDNA4 (gfx1200, gfx1201): wave32, dot4, WMMA without repeated operands.
#pragma once

#include "backend/gpu/device/arch/amd.h"

namespace rocmforge::gpu::gfx12 {

// As gfx11's, but lanes 0 to 15 hold the first half of k of row l % 16, lanes 16 to 31 the second.
// Element i of C in lane l is (row i + 8 (l / 16), column l % 16).
struct MmaLayout {
  static constexpr int kPerLane = 8;
  __device__ static __inline__ i32 row(i32 lane, i32 i) { return i + 8 * (lane / 16); }
  __device__ static __inline__ i32 column(i32 lane, i32) { return lane % 16; }
};

struct MmaF16 : MmaLayout {
  using Element = f16;
  using Fragment = HalfX8;
  using Sum = FloatX8;
  __device__ static __inline__ Fragment load(const f16* at, i32 stride, i32 lane) {
    return *reinterpret_cast<const HalfX8*>(at + (lane % 16) * stride + 8 * (lane / 16));
  }
  __device__ static __inline__ Fragment load_first(const f16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const f16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(a, b, c);
  }
};

struct MmaBF16 : MmaLayout {
  using Element = u16;
  using Fragment = ShortX8;
  using Sum = FloatX8;
  __device__ static __inline__ Fragment load(const u16* at, i32 stride, i32 lane) {
    return *reinterpret_cast<const ShortX8*>(at + (lane % 16) * stride + 8 * (lane / 16));
  }
  __device__ static __inline__ Fragment load_first(const u16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const u16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12(a, b, c);
  }
};

struct Attention : AmdAttention<MmaF16, Gfx12Attention> {
  static constexpr int kTilesOfWave = 1;  // of 16 queries, prefill
};

struct Arch : Rdna {
  template <bool kBf16>
  using HalfMma = OneOf<kBf16, MmaBF16, MmaF16>;
  using F16 = MmaF16;
  using Attention = gfx12::Attention;

  // c + sum of the four products of signed bytes.
  __device__ static __inline__ i32 dot4(i32 a, i32 b, i32 c) {
    return __builtin_amdgcn_sudot4(true, a, true, b, c, false);
  }
};

}  // namespace rocmforge::gpu::gfx12
