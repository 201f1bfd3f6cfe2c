// What all AMD architectures share.
#pragma once

#include "backend/gpu/device/arch/attention_layouts.h"
#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu {

struct Amd {
  static constexpr bool kAsyncCopies = false;  // from memory into LDS
  static constexpr bool kMatrixUnits = true;   // of F16, as ArchInfo::matrix_units

  __device__ static __inline__ i32 thread() { return (i32)__builtin_amdgcn_workitem_id_x(); }
  __device__ static __inline__ i32 group_x() { return (i32)__builtin_amdgcn_workgroup_id_x(); }
  __device__ static __inline__ i32 group_y() { return (i32)__builtin_amdgcn_workgroup_id_y(); }

  // Waits for the workgroup and makes its writes seen.
  __device__ static __inline__ void barrier() {
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
  }
  // What a wave's lanes wrote to the LDS before is there for its own lanes after.
  __device__ static __inline__ void wave_barrier() {
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
    __builtin_amdgcn_wave_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "wavefront");
  }
  // Writes before it are seen by any workgroup that reads after a fence of its own.
  __device__ static __inline__ void fence_device() {
    __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
  }
  __device__ static __inline__ i32 atomic_add(i32* at, i32 x) {
    return __hip_atomic_fetch_add(at, x, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  }
  // A value that is the same in all lanes, as a scalar.
  __device__ static __inline__ i32 uniform(i32 x) { return __builtin_amdgcn_readfirstlane(x); }

  // x, of which the compiler knows nothing: what depends on it stays where it is.
  __device__ static __inline__ i32 opaque(i32 x) {
    asm volatile("" : "+v"(x));
    return x;
  }

  // Loads after it are not done before it.
  __device__ static __inline__ void keep_order() { asm volatile("" : : : "memory"); }

  // 2^x, to 0 where it would be denormal.
  __device__ static __inline__ float exp2_normal(float x) { return __builtin_amdgcn_exp2f(x); }
  __device__ static __inline__ float exp2(float x) { return __builtin_amdgcn_exp2f(x); }
  __device__ static __inline__ float rcp(float x) { return __builtin_amdgcn_rcpf(x); }

  // Byte i of the result is byte (selector byte i, 0..7) of {high, low}, `low` being bytes 0..3.
  __device__ static __inline__ u32 bytes(u32 low, u32 high, u32 selector) {
    return __builtin_amdgcn_perm(high, low, selector);
  }

 protected:
  // x of the lane that a DPP control names; lanes that it leaves out get 0.
  template <int kControl>
  __device__ static __inline__ i32 dpp(i32 x) {
    return __builtin_amdgcn_update_dpp(0, x, kControl, 0xf, 0xf, true);
  }
  __device__ static __inline__ i32 from_lane(i32 x, i32 lane) {
    return __builtin_amdgcn_ds_bpermute(4 * lane, x);
  }
};

// RDNA: waves of 32; DPP reaches within rows of 16, permlanex16 the other row.
struct Rdna : Amd {
  static constexpr int kWave = 32;
  static constexpr int kLdsBytes = 65536;  // a workgroup

  __device__ static __inline__ i32 lane() { return (i32)__builtin_amdgcn_mbcnt_lo(~0U, 0); }

  __device__ static __inline__ bool any(bool x) { return __builtin_amdgcn_ballot_w32(x) != 0; }
  // x of lane (lane ^ kMask).
  template <int kMask>
  __device__ static __inline__ i32 xor_lane(i32 x) {
    static_assert(kMask > 0 && kMask <= 16);
    if constexpr (kMask < 16) {
      return dpp < 0x160 | kMask > (x);  // row_xmask
    } else {
      i32 y = (i32)__builtin_amdgcn_permlanex16(0, (u32)x, 0x76543210U, 0xfedcba98U, true, false);
      // clang-19 does not hold it for convergent and may sink it into a later branch (llvm 142962).
      asm volatile("" : "+v"(y));
      return y;
    }
  }
};

using HalfX2 = f16 __attribute__((ext_vector_type(2)));
using HalfX4 = f16 __attribute__((ext_vector_type(4)));
using HalfX8 = f16 __attribute__((ext_vector_type(8)));
using HalfX16 = f16 __attribute__((ext_vector_type(16)));
using ShortX4 = i16 __attribute__((ext_vector_type(4)));
using ShortX8 = i16 __attribute__((ext_vector_type(8)));
using ShortX16 = i16 __attribute__((ext_vector_type(16)));
using FloatX4 = float __attribute__((ext_vector_type(4)));
using FloatX8 = float __attribute__((ext_vector_type(8)));

// Attention's two products: the second operand is the queries', so that a lane's elements of a sum
// are all of one query.
template <class Mma, class Layout>
struct AmdAttention : Layout {
  using Fragment = typename Mma::Fragment;
  using Sum = typename Mma::Sum;
  // Workgroups stage values transposed, by way of registers.
  static constexpr bool kTransposes = false;

  // Loads after it are not done before `sum` is there.
  __device__ static __inline__ void keep_order(Sum& sum) {
    asm volatile("" : "+v"(sum) : : "memory");
  }
  __device__ static __inline__ Sum scores(const Fragment& q, const Fragment& k, Sum c) {
    return Mma::multiply(k, q, c);
  }
  __device__ static __inline__ Sum values(const Fragment& p, const Fragment& v, Sum c) {
    return Mma::multiply(v, p, c);
  }
  __device__ static __inline__ u32 pair(float low, float high) {
    const HalfX2 x = {(f16)low, (f16)high};
    return __builtin_bit_cast(u32, x);
  }
  // Weights as an operand: a lane has them where it needs them, but on gfx11.
  __device__ static __inline__ Fragment pack(const Sum& p) {
    u32 words[Layout::kWords];
#pragma unroll
    for (int w = 0; w < Layout::kWords; ++w) words[w] = pair(p[2 * w], p[2 * w + 1]);
    return __builtin_bit_cast(Fragment, words);
  }
};

}  // namespace rocmforge::gpu
