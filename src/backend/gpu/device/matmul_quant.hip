// matmul of weights that mix quantized types. The formula and its bound are in matmul.h and, by
// the matrix units, matmul_gemm.h.
#include "backend/gpu/device/matmul_gemm.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_quant_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedQuant, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedQuant, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedQuant, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_quant_gemm(MatMulArgs a) {
  matmul_gemm<Arch, MixedQuant>(a);
}

}  // namespace rocmforge::gpu
