// matmul of IQ4_NL weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_iq4_nl_1(MatMulArgs a) {
  matmul_few<Arch, IQ4_NL, 1, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(1), few_rows_groups(1)) matmul_iq4_nl_pair_1(MatMulArgs a) {
  matmul_few<Arch, IQ4_NL, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), few_rows_groups(2)) matmul_iq4_nl_2(MatMulArgs a) {
  matmul_few<Arch, IQ4_NL, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), few_rows_groups(4)) matmul_iq4_nl_4(MatMulArgs a) {
  matmul_few<Arch, IQ4_NL, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), few_rows_groups(8)) matmul_iq4_nl_8(MatMulArgs a) {
  matmul_few<Arch, IQ4_NL, 8>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_iq4_nl_gemm16(MatMulArgs a) {
  matmul_gemm<Arch, IQ4_NL, 16>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_iq4_nl_gemm32(MatMulArgs a) {
  matmul_gemm<Arch, IQ4_NL, 32>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_iq4_nl_gemm64(MatMulArgs a) {
  matmul_gemm<Arch, IQ4_NL, 64>(a);
}
RF_KERNEL_OF(kGemmThreads, 2) matmul_iq4_nl_gemm128(MatMulArgs a) {
  matmul_gemm<Arch, IQ4_NL, 128>(a);
}

}  // namespace rocmforge::gpu
