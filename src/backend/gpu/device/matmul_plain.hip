// matmul_<type>_<rows>_<lds or mem> of plain weights; "plain" mixes them. The formula and its bound
// are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_f32_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F32, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F32, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_f16_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F16, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_bf16_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, BF16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, BF16, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_plain_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedPlain, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedPlain, 8>(a);
}

}  // namespace rocmforge::gpu
