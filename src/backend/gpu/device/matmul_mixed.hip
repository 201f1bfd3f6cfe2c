// matmul of weights that mix plain and quantized segments, for 1 to 8 rows; more rows take a launch
// for each type. The formula and its bound are in matmul.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), 1) matmul_mixed_1(MatMulArgs a) {
  matmul_few<Arch, MixedAny, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), 1) matmul_mixed_2(MatMulArgs a) {
  matmul_few<Arch, MixedAny, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), 1) matmul_mixed_4(MatMulArgs a) {
  matmul_few<Arch, MixedAny, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), 1) matmul_mixed_8(MatMulArgs a) {
  matmul_few<Arch, MixedAny, 8>(a);
}

}  // namespace rocmforge::gpu
