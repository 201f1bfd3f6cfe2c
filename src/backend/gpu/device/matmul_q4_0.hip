// matmul of Q4_0 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/matmul_gemm.h"

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
RF_KERNEL(kMatMulThreads) matmul_q4_0_gemm(MatMulArgs a) {
  matmul_gemm<Arch, Q4_0>(a);
}

}  // namespace rocmforge::gpu
