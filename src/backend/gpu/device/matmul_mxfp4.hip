// matmul of MXFP4 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_mxfp4_1(MatMulArgs a) {
  matmul_few<Arch, MXFP4, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_mxfp4_pair_1(MatMulArgs a) {
  matmul_few<Arch, MXFP4, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_mxfp4_2(MatMulArgs a) {
  matmul_few<Arch, MXFP4, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_mxfp4_4(MatMulArgs a) {
  matmul_few<Arch, MXFP4, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_mxfp4_8(MatMulArgs a) {
  matmul_few<Arch, MXFP4, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp4_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, MXFP4, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp4_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, MXFP4, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp4_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, MXFP4, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_mxfp4_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, MXFP4, 128>(a);
}

}  // namespace rocmforge::gpu
