// matmul of Q5_1 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_q5_1_1(MatMulArgs a) {
  matmul_few<Arch, Q5_1, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_q5_1_pair_1(MatMulArgs a) {
  matmul_few<Arch, Q5_1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_q5_1_2(MatMulArgs a) {
  matmul_few<Arch, Q5_1, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_q5_1_4(MatMulArgs a) {
  matmul_few<Arch, Q5_1, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_q5_1_8(MatMulArgs a) {
  matmul_few<Arch, Q5_1, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_1_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, Q5_1, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_1_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, Q5_1, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_1_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, Q5_1, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_1_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, Q5_1, 128>(a);
}

}  // namespace rocmforge::gpu
