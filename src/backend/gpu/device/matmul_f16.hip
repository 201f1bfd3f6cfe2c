// matmul of F16 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_f16_1(MatMulArgs a) {
  matmul_few<Arch, F16, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_f16_pair_1(MatMulArgs a) {
  matmul_few<Arch, F16, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_f16_2(MatMulArgs a) {
  matmul_few<Arch, F16, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_f16_4(MatMulArgs a) {
  matmul_few<Arch, F16, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_f16_8(MatMulArgs a) {
  matmul_few<Arch, F16, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_f16_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, F16, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_f16_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, F16, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_f16_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, F16, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_f16_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, F16, 128>(a);
}

}  // namespace rocmforge::gpu
