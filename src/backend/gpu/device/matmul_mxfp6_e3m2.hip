// matmul of MXFP6_E3M2 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_mxfp6_e3m2_1(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E3M2, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_mxfp6_e3m2_pair_1(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E3M2, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_mxfp6_e3m2_2(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E3M2, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_mxfp6_e3m2_4(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E3M2, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_mxfp6_e3m2_8(MatMulArgs a) {
  matmul_few<Arch, MXFP6_E3M2, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e3m2_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E3M2, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e3m2_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E3M2, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e3m2_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E3M2, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp6_e3m2_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, MXFP6_E3M2, 128>(a);
}

}  // namespace rocmforge::gpu
