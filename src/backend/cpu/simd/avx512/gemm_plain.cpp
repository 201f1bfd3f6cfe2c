#include "backend/cpu/simd/avx512/avx512.h"
#include "backend/cpu/simd/avx512/simd.h"

// In terms of simd.h, which therefore comes first.
#include "backend/cpu/simd/generic/gemm_plain.h"

namespace rocmforge::cpu::avx512 {

void gemm_f32(const GemmTile& tile) {
  gemm_plain<F32>(tile);
}
void gemm_f16(const GemmTile& tile) {
  gemm_plain<F16>(tile);
}
void gemm_bf16(const GemmTile& tile) {
  gemm_plain<BF16>(tile);
}

}  // namespace rocmforge::cpu::avx512
