// NVIDIA from sm_80 on: warps of 32, dp4a, mma.sync.
#pragma once

#include "backend/gpu/device/arch/attention_layouts.h"
#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu::sm {

// The address in shared memory that a pointer into it stands for.
__device__ __inline__ u32 in_shared(const void* at) {
  return (u32)(u64)(__attribute__((address_space(3))) const void*)at;
}

// 16 x 16 tiles of C += A B^T, A and B given by rows whose k is contiguous, as two m16n8 products.
// Fragments as the PTX manual has them for mma.m16n8k16: lane l holds of A rows l / 4 and
// l / 4 + 8, words l % 4 and l % 4 + 4 of k; of B columns l / 4 (and, for the second product,
// l / 4 + 8), the same words. Element i of C: row l / 4 + 8 (i % 4 / 2), column
// 8 (i / 4) + 2 (l % 4) + i % 2.
struct MmaLayout {
  static constexpr int kPerLane = 8;
  struct Fragment {
    u32 x[4];  // row l / 4: word, word + 4; row l / 4 + 8: word, word + 4
  };
  // The same of a first operand, in the order that the product has its registers in.
  struct First {
    u32 x[4];  // row l / 4, row l / 4 + 8: word; both: word + 4
  };
  __device__ static __inline__ i32 row(i32 lane, i32 i) { return lane / 4 + 8 * (i % 4 / 2); }
  __device__ static __inline__ i32 column(i32 lane, i32 i) {
    return 8 * (i / 4) + 2 * (lane % 4) + i % 2;
  }

 protected:
  // Of shared memory, rows at multiples of 16 bytes: lane l names row l % 8 of matrix l / 8.
  template <class F>
  __device__ static __inline__ F load_matrices(const void* at, i32 stride_bytes, i32 lane) {
    constexpr bool kFirst = __is_same(F, First);
    const i32 row = lane % 8 + (kFirst ? lane / 8 % 2 : lane / 16) * 8;
    const i32 k = kFirst ? lane / 16 : lane / 8 % 2;
    F f;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(f.x[0]), "=r"(f.x[1]), "=r"(f.x[2]), "=r"(f.x[3])
                 : "r"(in_shared(static_cast<const u8*>(at) + row * stride_bytes + 16 * k))
                 : "memory");
    return f;
  }
};

struct FloatSum {
  float x[8];
  __device__ __inline__ float& operator[](i32 i) { return x[i]; }
  __device__ __inline__ float operator[](i32 i) const { return x[i]; }
};

struct MmaF16 : MmaLayout {
  using Element = f16;
  using Sum = FloatSum;
  __device__ static __inline__ First load_first(const f16* at, i32 stride, i32 lane) {
    return load_matrices<First>(at, 2 * stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const f16* at, i32 stride, i32 lane) {
    return load_matrices<Fragment>(at, 2 * stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return multiply(First{{a.x[0], a.x[2], a.x[1], a.x[3]}}, b, c);
  }
  __device__ static __inline__ Sum multiply(const First& a, const Fragment& b, Sum c) {
    half(a, b.x[0], b.x[1], c.x);
    half(a, b.x[2], b.x[3], c.x + 4);
    return c;
  }

 private:
  __device__ static __inline__ void half(const First& a, u32 b0, u32 b1, float* c) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b0), "r"(b1));
  }
};

struct MmaBF16 : MmaLayout {
  using Element = u16;
  using Sum = FloatSum;
  __device__ static __inline__ First load_first(const u16* at, i32 stride, i32 lane) {
    return load_matrices<First>(at, 2 * stride, lane);
  }
  __device__ static __inline__ Fragment load_second(const u16* at, i32 stride, i32 lane) {
    return load_matrices<Fragment>(at, 2 * stride, lane);
  }
  __device__ static __inline__ Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    return multiply(First{{a.x[0], a.x[2], a.x[1], a.x[3]}}, b, c);
  }
  __device__ static __inline__ Sum multiply(const First& a, const Fragment& b, Sum c) {
    half(a, b.x[0], b.x[1], c.x);
    half(a, b.x[2], b.x[3], c.x + 4);
    return c;
  }

 private:
  __device__ static __inline__ void half(const First& a, u32 b0, u32 b1, float* c) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b0), "r"(b1));
  }
};

// Attention's two products: the first operand is the queries'.
struct Attention : SmAttention {
  using Fragment = MmaF16::Fragment;
  using Sum = MmaF16::Sum;
  static constexpr int kTilesOfWave = 1;  // of 16 queries, prefill
  // Operands are read transposed out of shared memory, and copied there without registers.
  static constexpr bool kTransposes = true;

  // Loads after it are not done before `sum` is there; products are kept in order here.
  __device__ static __inline__ void keep_order(Sum&) {}
  __device__ static __inline__ Sum scores(const Fragment& q, const Fragment& k, Sum c) {
    return MmaF16::multiply(q, k, c);
  }
  __device__ static __inline__ Sum values(const Fragment& p, const Fragment& v, Sum c) {
    return MmaF16::multiply(p, v, c);
  }
  __device__ static __inline__ u32 pair(float low, float high) {
    u32 x;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(x) : "f"(high), "f"(low));
    return x;
  }
  // Weights as an operand: a lane has them where it needs them.
  __device__ static __inline__ Fragment pack(const Sum& p) {
    return {{pair(p[0], p[1]), pair(p[4], p[5]), pair(p[2], p[3]), pair(p[6], p[7])}};
  }

  // The operand of values of 16 tokens (rows of `at`, in shared memory, 16-byte aligned) by 16
  // dimensions.
  __device__ static __inline__ Fragment load_transposed(const f16* at, i32 stride, i32 lane) {
    const f16* row = at + (lane % 16) * stride + 8 * (lane / 16);
    Fragment f;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(f.x[0]), "=r"(f.x[1]), "=r"(f.x[2]), "=r"(f.x[3])
                 : "r"(shared_address(row))
                 : "memory");
    return f;
  }
  // Copies 16 bytes to shared memory, or zeros it, some time before wait_copies() returns.
  __device__ static __inline__ void copy(void* to, const void* from, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(shared_address(to)), "l"(from), "r"(valid ? 16 : 0)
                 : "memory");
  }
  __device__ static __inline__ void wait_copies() {
    asm volatile("cp.async.wait_all;" : : : "memory");
  }

 private:
  __device__ static __inline__ u32 shared_address(const void* at) {
    return (u32)(u64)(__attribute__((address_space(3))) const void*)at;
  }
};

struct Arch {
  template <bool kBf16>
  using HalfMma = OneOf<kBf16, MmaBF16, MmaF16>;

  static constexpr int kWave = 32;
  static constexpr int kLdsBytes = 49152;  // a workgroup, without opting in to more
  using F16 = MmaF16;
  using Attention = sm::Attention;

  __device__ static __inline__ i32 thread() { return __nvvm_read_ptx_sreg_tid_x(); }
  __device__ static __inline__ i32 group_x() { return __nvvm_read_ptx_sreg_ctaid_x(); }
  __device__ static __inline__ i32 group_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
  __device__ static __inline__ i32 lane() { return thread() % kWave; }

  __device__ static __inline__ void barrier() { __syncthreads(); }
  __device__ static __inline__ void wave_barrier() { __nvvm_bar_warp_sync(~0U); }
  __device__ static __inline__ void fence_device() { __nvvm_membar_gl(); }

  // Copies of 16 bytes into shared memory (of zeros if not `valid`), in groups; wait_copies: until
  // all but the last kRest groups of this thread are there (a barrier shows them to others).
  static constexpr bool kAsyncCopies = true;
  static constexpr bool kMatrixUnits = true;
  __device__ static __inline__ void copy_16(void* to, const void* from, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(in_shared(to)), "l"(from), "r"(valid ? 16 : 0)
                 : "memory");
  }
  __device__ static __inline__ void end_copies() {
    asm volatile("cp.async.commit_group;" : : : "memory");
  }
  template <int kRest>
  __device__ static __inline__ void wait_copies() {
    asm volatile("cp.async.wait_group %0;" : : "n"(kRest) : "memory");
  }
  __device__ static __inline__ i32 atomic_add(i32* at, i32 x) {
    return __nvvm_atom_add_gen_i(at, x);
  }
  // A value that is the same in all lanes; there are no scalar registers to put it in.
  __device__ static __inline__ i32 uniform(i32 x) { return x; }

  // x, of which the compiler knows nothing: what depends on it stays where it is.
  __device__ static __inline__ i32 opaque(i32 x) {
    asm volatile("" : "+r"(x));
    return x;
  }

  // Loads after it are not done before it.
  __device__ static __inline__ void keep_order() { asm volatile("" : : : "memory"); }

  // 2^x, to 0 where it would be denormal.
  __device__ static __inline__ float exp2_normal(float x) { return __nvvm_ex2_approx_ftz_f(x); }
  __device__ static __inline__ float exp2(float x) { return __nvvm_ex2_approx_f(x); }
  __device__ static __inline__ float rcp(float x) {
    float y;
    asm("rcp.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
  }

  // Byte i of the result is byte (selector byte i, 0..7) of {high, low}, `low` being bytes 0..3.
  __device__ static __inline__ u32 bytes(u32 low, u32 high, u32 selector) {
    const u32 pairs = selector | selector >> 4;  // prmt takes a nibble a byte
    return __nvvm_prmt(low, high, (pairs & 0xffU) | (pairs >> 8 & 0xff00U));
  }
  __device__ static __inline__ bool any(bool x) { return __nvvm_vote_any_sync(~0U, x); }
  // x of lane (lane ^ kMask).
  template <int kMask>
  __device__ static __inline__ i32 xor_lane(i32 x) {
    return __nvvm_shfl_sync_bfly_i32(~0U, x, kMask, 31);
  }
  // c + sum of the four products of signed bytes.
  __device__ static __inline__ i32 dot4(i32 a, i32 b, i32 c) {
    i32 d;
    asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
  }
};

}  // namespace rocmforge::gpu::sm
