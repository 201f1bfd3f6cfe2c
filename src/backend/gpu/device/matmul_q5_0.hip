// matmul of Q5_0 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_q5_0_1(MatMulArgs a) {
  matmul_few<Arch, Q5_0, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_q5_0_pair_1(MatMulArgs a) {
  matmul_few<Arch, Q5_0, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_q5_0_2(MatMulArgs a) {
  matmul_few<Arch, Q5_0, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_q5_0_4(MatMulArgs a) {
  matmul_few<Arch, Q5_0, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_q5_0_8(MatMulArgs a) {
  matmul_few<Arch, Q5_0, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_0_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, Q5_0, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_0_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, Q5_0, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_0_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, Q5_0, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_q5_0_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, Q5_0, 128>(a);
}

}  // namespace rocmforge::gpu
