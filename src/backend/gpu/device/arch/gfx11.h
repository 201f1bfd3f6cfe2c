// RDNA3 and 3.5 (gfx1100 to gfx1103, gfx1150 to gfx1152): wave32, dot4, WMMA.
#pragma once

#include "backend/gpu/device/arch/amd.h"

namespace rocmforge::gpu::gfx11 {

// 16 x 16 tiles of C += A B^T. A and B are given by rows whose k is contiguous. WMMA wants lane l
// to hold row l % 16 of A, and of B, whole: lanes 16 to 31 repeat lanes 0 to 15. Element i of C in
// lane l is (row 2 i + l / 16, column l % 16).
struct MmaLayout {
  static constexpr int kPerLane = 8;  // elements of C
  __device__ static __inline__ i32 row(i32 lane, i32 i) { return 2 * i + lane / 16; }
  __device__ static __inline__ i32 column(i32 lane, i32) { return lane % 16; }
};

struct MmaF16 : MmaLayout {
  using Element = f16;
  using Fragment = HalfX16;
  using Sum = FloatX8;
  __device__ static __inline__ Fragment load(const f16* at, i32 stride, i32 lane) {
    return gpu::load<HalfX16, 16>(at + (lane % 16) * stride);
  }
  __device__ static __inline__ Fragment load_first(const f16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const f16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, b, c);
  }
};

struct MmaBF16 : MmaLayout {
  using Element = u16;
  using Fragment = ShortX16;
  using Sum = FloatX8;
  __device__ static __inline__ Fragment load(const u16* at, i32 stride, i32 lane) {
    return gpu::load<ShortX16, 16>(at + (lane % 16) * stride);
  }
  __device__ static __inline__ Fragment load_first(const u16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const u16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(a, b, c);
  }
};

struct Attention : AmdAttention<MmaF16, Gfx11Attention> {
  static constexpr int kTilesOfWave = 1;  // of 16 queries, prefill

  // Weights as an operand: slots 0 to 7 are the even tokens, which lanes 0 to 15 hold.
  __device__ static __inline__ Fragment pack(const Sum& p) {
    const bool low = Rdna::lane() < 16;
    u32 words[8];
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      const u32 own = pair(p[2 * w], p[2 * w + 1]);
      const u32 partner = (u32)Rdna::xor_lane<16>((i32)own);
      words[w] = low ? own : partner;
      words[4 + w] = low ? partner : own;
    }
    return __builtin_bit_cast(Fragment, words);
  }
};

struct Arch : Rdna {
  template <bool kBf16>
  using HalfMma = OneOf<kBf16, MmaBF16, MmaF16>;
  using F16 = MmaF16;
  using Attention = gfx11::Attention;

  // c + sum of the four products of signed bytes.
  __device__ static __inline__ i32 dot4(i32 a, i32 b, i32 c) {
    return __builtin_amdgcn_sudot4(true, a, true, b, c, false);
  }
};

}  // namespace rocmforge::gpu::gfx11
