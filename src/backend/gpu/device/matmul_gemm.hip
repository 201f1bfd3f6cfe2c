// matmul_<type>_gemm of quantized weights, by the matrix units: see matmul_gemm.h.
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_q4_0_gemm(MatMulArgs a) {
  matmul_gemm<Arch, Q4_0>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q4_1_gemm(MatMulArgs a) {
  matmul_gemm<Arch, Q4_1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q8_0_gemm(MatMulArgs a) {
  matmul_gemm<Arch, Q8_0>(a);
}
RF_KERNEL(kMatMulThreads) matmul_q6_k_gemm(MatMulArgs a) {
  matmul_gemm<Arch, Q6_K>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_gemm(MatMulArgs a) {
  matmul_gemm<Arch, MXFP4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_gemm(MatMulArgs a) {
  matmul_gemm<Arch, MixedQuant>(a);
}

}  // namespace rocmforge::gpu
