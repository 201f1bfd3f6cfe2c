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
void gemm_mxfp4(const GemmTile& tile) {
  gemm_quant<Mxfp4>(tile);
}
void gemm_q5_0(const GemmTile& tile) {
  gemm_quant<Q5_0>(tile);
}
void gemm_q5_1(const GemmTile& tile) {
  gemm_quant<Q5_1>(tile);
}
void gemm_iq4_nl(const GemmTile& tile) {
  gemm_quant<Iq4Nl>(tile);
}
void gemm_mxfp6_e2m3(const GemmTile& tile) {
  gemm_quant<Mxfp6E2M3>(tile);
}
void gemm_mxfp6_e3m2(const GemmTile& tile) {
  gemm_quant<Mxfp6E3M2>(tile);
}

}  // namespace rocmforge::cpu::avx2
