// matmul of BF16 weights. The formula and its bound are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_bf16_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, BF16, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, BF16, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_bf16_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, BF16, 8>(a);
}

}  // namespace rocmforge::gpu
