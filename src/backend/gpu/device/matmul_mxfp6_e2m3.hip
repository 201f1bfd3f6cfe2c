// matmul of MXFP6_E2M3 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_mxfp6_e2m3_1(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E2M3, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_mxfp6_e2m3_pair_1(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E2M3, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_mxfp6_e2m3_2(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E2M3, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_mxfp6_e2m3_4(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E2M3, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_mxfp6_e2m3_8(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E2M3, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e2m3_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E2M3, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e2m3_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E2M3, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e2m3_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E2M3, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e2m3_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E2M3, 128>(a);
}

}  // namespace rocmforge::gpu
