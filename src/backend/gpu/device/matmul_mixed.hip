// matmul_<type>_<rows>_<lds or mem>, weights of mixed segments: the formula and its bound are in matmul.h.
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL(kMatMulThreads) matmul_mixed_1_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Mixed, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_2_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Mixed, 2>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_4_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Mixed, 4>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_8_lds(MatMulArgs a) {
  matmul_lds_rows<Arch, Mixed, 8>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_1_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Mixed, 1>(a);
}
RF_KERNEL(kMatMulThreads) matmul_mixed_8_mem(MatMulArgs a) {
  matmul_mem_rows<Arch, Mixed, 8>(a);
}

}  // namespace rocmforge::gpu
