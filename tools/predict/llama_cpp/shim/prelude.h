// Included before every file of llama.cpp: what HIP 6 has and HIP 5.2's headers lack, and the
// functions of ROCm's device library that the kernels call, through clang's builtins. Debian's
// device library has no code for gfx11.
#pragma once

#include <hip/hip_runtime.h>

#include <hip/hip_fp16.h>

#define hipHostRegisterReadOnly 0x08
inline hipError_t hipStreamWaitEvent(hipStream_t stream, hipEvent_t event) {
  return hipStreamWaitEvent(stream, event, 0);
}

inline __device__ __half2 __shfl_xor(__half2 x, int mask, int width = warpSize) {
  return __builtin_bit_cast(__half2, __shfl_xor(__builtin_bit_cast(int, x), mask, width));
}
inline __device__ __half2 __shfl_up(__half2 x, unsigned delta, int width = warpSize) {
  return __builtin_bit_cast(__half2, __shfl_up(__builtin_bit_cast(int, x), delta, width));
}
inline __device__ __half __hmax(__half a, __half b) {
  return __half_raw{__builtin_elementwise_max(__half_raw(a).data, __half_raw(b).data)};
}
inline __device__ __half __hmin(__half a, __half b) {
  return __half_raw{__builtin_elementwise_min(__half_raw(a).data, __half_raw(b).data)};
}

#ifdef __HIP_DEVICE_COMPILE__
#define ROCMFORGE_OCKL extern "C" __device__ inline __attribute__((used, always_inline))

ROCMFORGE_OCKL size_t __ockl_get_local_id(unsigned axis) {
  return axis == 0   ? __builtin_amdgcn_workitem_id_x()
         : axis == 1 ? __builtin_amdgcn_workitem_id_y()
                     : __builtin_amdgcn_workitem_id_z();
}
ROCMFORGE_OCKL size_t __ockl_get_group_id(unsigned axis) {
  return axis == 0   ? __builtin_amdgcn_workgroup_id_x()
         : axis == 1 ? __builtin_amdgcn_workgroup_id_y()
                     : __builtin_amdgcn_workgroup_id_z();
}
// Hidden arguments of code objects v5: block counts as three 32-bit words, then sizes as 16-bit
// ones. llama.cpp's grids are whole blocks, as hipLaunchKernel's always are.
ROCMFORGE_OCKL size_t __ockl_get_num_groups(unsigned axis) {
  return (
      (const __attribute__((address_space(4))) unsigned*)__builtin_amdgcn_implicitarg_ptr())[axis];
}
ROCMFORGE_OCKL size_t __ockl_get_local_size(unsigned axis) {
  return ((const __attribute__((
      address_space(4))) unsigned short*)__builtin_amdgcn_implicitarg_ptr())[6 + axis];
}
ROCMFORGE_OCKL size_t __ockl_get_global_size(unsigned axis) {
  return __ockl_get_num_groups(axis) * __ockl_get_local_size(axis);
}
ROCMFORGE_OCKL size_t __ockl_get_global_id(unsigned axis) {
  return __ockl_get_group_id(axis) * __ockl_get_local_size(axis) + __ockl_get_local_id(axis);
}
ROCMFORGE_OCKL unsigned __ockl_mul_hi_u32(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32);
}
ROCMFORGE_OCKL bool __ockl_wfall_i32(int x) {
  return __builtin_amdgcn_ballot_w32(x == 0) == 0;
}
ROCMFORGE_OCKL bool __ockl_wfany_i32(int x) {
  return __builtin_amdgcn_ballot_w32(x != 0) != 0;
}
// __syncthreads() is two of these around a barrier.
ROCMFORGE_OCKL void __atomic_work_item_fence(__cl_mem_fence_flags, __memory_order order,
                                             __memory_scope scope) {
  if (scope == __memory_scope_work_group) {
    if (order == __memory_order_release)
      return __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    if (order == __memory_order_acquire)
      return __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
    return __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "workgroup");
  }
  __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
}
// Only paths that llama.cpp holds for impossible print, and trap right after it.
ROCMFORGE_OCKL unsigned long long __ockl_printf_begin(unsigned long long) {
  return 0;
}
ROCMFORGE_OCKL unsigned long long __ockl_printf_append_args(unsigned long long, unsigned,
                                                            unsigned long long, unsigned long long,
                                                            unsigned long long, unsigned long long,
                                                            unsigned long long, unsigned long long,
                                                            unsigned long long, unsigned) {
  return 0;
}
ROCMFORGE_OCKL unsigned long long __ockl_printf_append_string_n(unsigned long long, const char*,
                                                                unsigned long long, unsigned) {
  return 0;
}

ROCMFORGE_OCKL float __ocml_log2_f32(float x) {
  return __builtin_log2f(x);
}
ROCMFORGE_OCKL float __ocml_log_f32(float x) {
  return __builtin_logf(x);
}
ROCMFORGE_OCKL float __ocml_exp_f32(float x) {
  return __builtin_expf(x);
}
ROCMFORGE_OCKL float __ocml_exp2_f32(float x) {
  return __builtin_exp2f(x);
}
ROCMFORGE_OCKL float __ocml_rint_f32(float x) {
  return __builtin_rintf(x);
}
ROCMFORGE_OCKL float __ocml_round_f32(float x) {
  return __builtin_roundf(x);
}
ROCMFORGE_OCKL float __ocml_rsqrt_f32(float x) {
  return __builtin_amdgcn_rsqf(x);
}
ROCMFORGE_OCKL float __ocml_sqrt_f32(float x) {
  return __builtin_sqrtf(x);
}
// Shorter than the device library's: the angle's multiples of 2 pi are taken off in two steps, no
// more.
ROCMFORGE_OCKL float __ocml_sin_f32(float x) {
  const float turns = __builtin_rintf(x * 0.15915494f);
  return __builtin_sinf(
      __builtin_fmaf(turns, 1.7484555e-7f, __builtin_fmaf(turns, -6.2831855f, x)));
}
ROCMFORGE_OCKL float __ocml_cos_f32(float x) {
  const float turns = __builtin_rintf(x * 0.15915494f);
  return __builtin_cosf(
      __builtin_fmaf(turns, 1.7484555e-7f, __builtin_fmaf(turns, -6.2831855f, x)));
}
ROCMFORGE_OCKL float __ocml_pow_f32(float x, float y) {
  return __builtin_exp2f(y * __builtin_log2f(x));
}
ROCMFORGE_OCKL float __ocml_tanh_f32(float x) {
  return 1.0f - 2.0f / (__builtin_exp2f(x * 2.8853901f) + 1.0f);
}
// No llama calls these: they stop the kernel.
ROCMFORGE_OCKL float __ocml_erf_f32(float x) {
  return __builtin_trap(), x;
}
ROCMFORGE_OCKL float __ocml_expm1_f32(float x) {
  return __builtin_trap(), x;
}
#undef ROCMFORGE_OCKL
#endif
