// matmul of MXFP4 weights. The formula and its bound are in matmul.h and, by the matrix units,
// matmul_gemm.h.
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_mxfp4_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MXFP4, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MXFP4, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MXFP4, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mxfp4_gemm(MatMulArgs a) {
  matmul_gemm<Arch, MXFP4>(a);
}

}  // namespace rocmforge::gpu
