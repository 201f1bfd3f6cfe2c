// matmul of Q4_1 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

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
RF_KERNEL(kMatMulThreads) matmul_q4_1_gemm(MatMulArgs a) {
  matmul_gemm<Arch, Q4_1>(a);
}

}  // namespace rocmforge::gpu
