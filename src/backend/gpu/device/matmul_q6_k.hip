// matmul of Q6_K weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

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
RF_KERNEL(kMatMulThreads) matmul_q6_k_gemm(MatMulArgs a) {
  matmul_gemm<Arch, Q6_K>(a);
}

}  // namespace rocmforge::gpu
