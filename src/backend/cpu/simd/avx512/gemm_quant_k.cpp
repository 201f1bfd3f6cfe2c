// The types whose blocks are of 256 columns.
#include "backend/cpu/simd/avx512/avx512.h"
#include "backend/cpu/simd/avx512/simd.h"

// In terms of simd.h, which therefore comes first.
#include "backend/cpu/simd/generic/gemm_quant.h"
#include "backend/cpu/simd/generic/weights_k.h"

namespace rocmforge::cpu::avx512 {

void gemm_q6_k(const GemmTile& tile) {
  gemm_quant<Q6_K>(tile);
}
void gemm_q2_k(const GemmTile& tile) {
  gemm_quant<Q2_K>(tile);
}
void gemm_q3_k(const GemmTile& tile) {
  gemm_quant<Q3_K>(tile);
}
void gemm_q4_k(const GemmTile& tile) {
  gemm_quant<Q4_K>(tile);
}
void gemm_q5_k(const GemmTile& tile) {
  gemm_quant<Q5_K>(tile);
}
void gemm_iq4_xs(const GemmTile& tile) {
  gemm_quant<Iq4Xs>(tile);
}

}  // namespace rocmforge::cpu::avx512
