// matmul of F32 weights. The formula and its bound are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_f32_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, F32, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F32, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_f32_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, F32, 8>(a);
}

}  // namespace rocmforge::gpu
