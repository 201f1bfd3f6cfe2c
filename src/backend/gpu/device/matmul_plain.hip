// matmul of plain weights of mixed types, for 1 to 8 rows; more rows take a launch for
// each type. The formula and its bound are in matmul.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

RF_KERNEL_OF(few_rows_threads(1), 1) matmul_plain_1(MatMulArgs a) {
  matmul_few<Arch, MixedPlain, 1>(a);
}
RF_KERNEL_OF(few_rows_threads(2), 1) matmul_plain_2(MatMulArgs a) {
  matmul_few<Arch, MixedPlain, 2>(a);
}
RF_KERNEL_OF(few_rows_threads(4), 1) matmul_plain_4(MatMulArgs a) {
  matmul_few<Arch, MixedPlain, 4>(a);
}
RF_KERNEL_OF(few_rows_threads(8), 1) matmul_plain_8(MatMulArgs a) {
  matmul_few<Arch, MixedPlain, 8>(a);
}

}  // namespace rocmforge::gpu
