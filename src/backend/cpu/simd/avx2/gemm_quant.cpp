#include "backend/cpu/simd/avx2/avx2.h"
#include "backend/cpu/simd/avx2/simd.h"

// In terms of simd.h, which therefore comes first.
#include "backend/cpu/simd/generic/gemm_quant.h"

namespace rocmforge::cpu::avx2 {

void gemm_q4_0(const GemmTile& tile) {
  gemm_quant<Q4_0>(tile);
}
void gemm_q4_1(const GemmTile& tile) {
  gemm_quant<Q4_1>(tile);
}
void gemm_q8_0(const GemmTile& tile) {
  gemm_quant<Q8_0>(tile);
}
void gemm_q6_k(const GemmTile& tile) {
  gemm_quant<Q6_K>(tile);
}
void gemm_mxfp4(const GemmTile& tile) {
  gemm_quant<Mxfp4>(tile);
}

}  // namespace rocmforge::cpu::avx2
