// matmul_<type>_<rows>_<lds or mem> of quantized weights; "quant" mixes them. The formula and its
// bound are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_q4_0_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_0, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_0_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_0, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_0_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_0, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_0_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_0, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_0_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q4_0, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_0_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q4_0, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_q4_1_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_1, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_1_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_1, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_1_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_1, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_1_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q4_1, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_1_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q4_1, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_1_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q4_1, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_q8_0_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q8_0, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q8_0_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q8_0, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q8_0_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q8_0, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q8_0_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q8_0, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q8_0_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q8_0, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q8_0_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q8_0, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_q6_k_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q6_K, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q6_k_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q6_K, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q6_k_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q6_K, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q6_k_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Q6_K, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q6_k_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q6_K, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q6_k_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Q6_K, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_mxfp4_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MXFP4, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MXFP4, 8>(a);
}

RF_KERNEL(kMatMulThreads) matmul_quant_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedQuant, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedQuant, 8>(a);
}

}  // namespace rocmforge::gpu
