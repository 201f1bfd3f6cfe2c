// CDNA2 and 3 (gfx90a, gfx942): wave64, dot4, MFMA.
#pragma once

#include "backend/gpu/device/arch/amd.h"

namespace rocmforge::gpu::cdna {

// 16 x 16 tiles of C += A B^T, A and B given by rows whose k is contiguous. Lane l holds, of row
// l % 16, quarter l / 16 of k. Element i of C in lane l is (row 4 (l / 16) + i, column l % 16).
struct MmaLayout {
  static constexpr int kPerLane = 4;
  __device__ static __inline__ i32 row(i32 lane, i32 i) { return 4 * (lane / 16) + i; }
  __device__ static __inline__ i32 column(i32 lane, i32) { return lane % 16; }
};

struct MmaF16 : MmaLayout {
  using Element = f16;
  using Fragment = HalfX4;
  using Sum = FloatX4;
  __device__ static __inline__ Fragment load(const f16* at, i32 stride, i32 lane) {
    return *reinterpret_cast<const HalfX4*>(at + (lane % 16) * stride + 4 * (lane / 16));
  }
  __device__ static __inline__ Fragment load_first(const f16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const f16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return __builtin_amdgcn_mfma_f32_16x16x16f16(a, b, c, 0, 0, 0);
  }
};

struct MmaBF16 : MmaLayout {
  using Element = u16;
  using Fragment = ShortX4;
  using Sum = FloatX4;
  __device__ static __inline__ Fragment load(const u16* at, i32 stride, i32 lane) {
    return *reinterpret_cast<const ShortX4*>(at + (lane % 16) * stride + 4 * (lane / 16));
  }
  __device__ static __inline__ Fragment load_first(const u16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const u16* at, i32 stride, i32 lane) {
    return load(at, stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(a, b, c, 0, 0, 0);
  }
};

struct Attention : AmdAttention<MmaF16, CdnaAttention> {
  static constexpr int kTilesOfWave = 2;  // of 16 queries, prefill
};

struct Arch : Amd {
  template <bool kBf16>
  using HalfMma = OneOf<kBf16, MmaBF16, MmaF16>;
  static constexpr int kWave = 64;
  static constexpr int kLdsBytes = 65536;
  using F16 = MmaF16;
  using Attention = cdna::Attention;

  __device__ static __inline__ i32 lane() {
    return (i32)__builtin_amdgcn_mbcnt_hi(~0U, __builtin_amdgcn_mbcnt_lo(~0U, 0));
  }
  __device__ static __inline__ bool any(bool x) { return __builtin_amdgcn_ballot_w64(x) != 0; }
  // x of lane (lane ^ kMask).
  template <int kMask>
  __device__ static __inline__ i32 xor_lane(i32 x) {
    static_assert(kMask > 0 && kMask <= 32);
    if constexpr (kMask < 4) {
      constexpr int kQuad = (0 ^ kMask) | (1 ^ kMask) << 2 | (2 ^ kMask) << 4 | (3 ^ kMask) << 6;
      return dpp<kQuad>(x);
    } else if constexpr (kMask < 32) {
      return __builtin_amdgcn_ds_swizzle(x, kMask << 10 | 0x1f);
    } else {
      return from_lane(x, lane() ^ kMask);
    }
  }
  // c + sum of the four products of signed bytes.
  __device__ static __inline__ i32 dot4(i32 a, i32 b, i32 c) {
    return __builtin_amdgcn_sdot4(a, b, c, false);
  }
};

}  // namespace rocmforge::gpu::cdna
