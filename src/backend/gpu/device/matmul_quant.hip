// matmul of quantized weights of mixed types, for 1 to 8 rows; more rows take a launch for
// each type. The formula and its bound are in matmul.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), 1) matmul_quant_1(MatMulArgs a) {
  matmul_few<Arch, MixedQuant, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), 1) matmul_quant_2(MatMulArgs a) {
  matmul_few<Arch, MixedQuant, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), 1) matmul_quant_4(MatMulArgs a) {
  matmul_few<Arch, MixedQuant, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), 1) matmul_quant_8(MatMulArgs a) {
  matmul_few<Arch, MixedQuant, 8>(a);
}

}  // namespace rocmforge::gpu
