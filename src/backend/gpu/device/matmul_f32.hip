// matmul of F32 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_f32_1(MatMulArgs a) {
  matmul_few<Arch, F32, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_f32_pair_1(MatMulArgs a) {
  matmul_few<Arch, F32, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_f32_2(MatMulArgs a) {
  matmul_few<Arch, F32, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_f32_4(MatMulArgs a) {
  matmul_few<Arch, F32, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_f32_8(MatMulArgs a) {
  matmul_few<Arch, F32, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_f32_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, F32, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_f32_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, F32, 64>(a);
}

}  // namespace rocmforge::gpu
