// matmul_<type>_<rows>_<lds or mem> of weights that mix plain and quantized segments. The formula
// and its bound are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_mixed_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedAny, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedAny, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedAny, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, MixedAny, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedAny, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, MixedAny, 8>(a);
}

}  // namespace rocmforge::gpu
