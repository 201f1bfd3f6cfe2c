// matmul of weights that mix plain types. The formula and its bound are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_plain_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedPlain, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedPlain, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_plain_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedPlain, 8>(a);
}

}  // namespace rocmforge::gpu
