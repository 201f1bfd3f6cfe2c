// matmul of F16 weights. The formula and its bound are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_f16_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F16, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f16_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F16, 8>(a);
}

}  // namespace rocmforge::gpu
