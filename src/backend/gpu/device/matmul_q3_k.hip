// matmul of Q3_K weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_q3_k_1(MatMulArgs a) {
  matmul_few<Arch, Q3_K, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_q3_k_pair_1(MatMulArgs a) {
  matmul_few<Arch, Q3_K, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_q3_k_2(MatMulArgs a) {
  matmul_few<Arch, Q3_K, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_q3_k_4(MatMulArgs a) {
  matmul_few<Arch, Q3_K, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_q3_k_8(MatMulArgs a) {
  matmul_few<Arch, Q3_K, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q3_k_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, Q3_K, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q3_k_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, Q3_K, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q3_k_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, Q3_K, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q3_k_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, Q3_K, 128>(a);
}

}  // namespace rocmforge::gpu
