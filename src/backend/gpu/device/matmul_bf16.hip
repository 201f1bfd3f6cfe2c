// matmul of BF16 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_bf16_1(MatMulArgs a) {
  matmul_few<Arch, BF16, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_bf16_pair_1(MatMulArgs a) {
  matmul_few<Arch, BF16, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_bf16_2(MatMulArgs a) {
  matmul_few<Arch, BF16, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_bf16_4(MatMulArgs a) {
  matmul_few<Arch, BF16, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_bf16_8(MatMulArgs a) {
  matmul_few<Arch, BF16, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_bf16_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, BF16, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_bf16_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, BF16, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_bf16_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, BF16, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_bf16_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, BF16, 128>(a);
}

}  // namespace rocmforge::gpu
