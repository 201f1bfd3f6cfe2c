#include "backend/cpu/simd/avx2/avx2.h"
#include "backend/cpu/simd/tables.h"

namespace rocmforge::cpu {
namespace {

constexpr Kernels make_table() {
  Kernels table{};
  table.isa = Isa::kAvx2;
  table.quantize_row = avx2::quantize_row;
  table.gemm[static_cast<std::size_t>(DType::kF32)] = avx2::gemm_f32;
  table.gemm[static_cast<std::size_t>(DType::kF16)] = avx2::gemm_f16;
  table.gemm[static_cast<std::size_t>(DType::kBF16)] = avx2::gemm_bf16;
  table.gemm[static_cast<std::size_t>(DType::kQ4_0)] = avx2::gemm_q4_0;
  table.gemm[static_cast<std::size_t>(DType::kQ4_1)] = avx2::gemm_q4_1;
  table.gemm[static_cast<std::size_t>(DType::kQ8_0)] = avx2::gemm_q8_0;
  table.gemm[static_cast<std::size_t>(DType::kQ6_K)] = avx2::gemm_q6_k;
  table.gemm[static_cast<std::size_t>(DType::kMXFP4)] = avx2::gemm_mxfp4;
  table.gemm[static_cast<std::size_t>(DType::kQ5_0)] = avx2::gemm_q5_0;
  table.gemm[static_cast<std::size_t>(DType::kQ5_1)] = avx2::gemm_q5_1;
  table.gemm[static_cast<std::size_t>(DType::kIQ4_NL)] = avx2::gemm_iq4_nl;
  table.gemm[static_cast<std::size_t>(DType::kMXFP6_E2M3)] = avx2::gemm_mxfp6_e2m3;
  table.gemm[static_cast<std::size_t>(DType::kMXFP6_E3M2)] = avx2::gemm_mxfp6_e3m2;
  table.gemm[static_cast<std::size_t>(DType::kQ2_K)] = avx2::gemm_q2_k;
  table.gemm[static_cast<std::size_t>(DType::kQ3_K)] = avx2::gemm_q3_k;
  table.gemm[static_cast<std::size_t>(DType::kQ4_K)] = avx2::gemm_q4_k;
  table.gemm[static_cast<std::size_t>(DType::kQ5_K)] = avx2::gemm_q5_k;
  table.gemm[static_cast<std::size_t>(DType::kIQ4_XS)] = avx2::gemm_iq4_xs;
  table.attention_scores_f16 = avx2::attention_scores_f16;
  table.attention_scores_f32 = avx2::attention_scores_f32;
  table.attention_values_f16 = avx2::attention_values_f16;
  table.attention_values_f32 = avx2::attention_values_f32;
  table.to_f16 = avx2::to_f16;
  return table;
}

constexpr Kernels kTable = make_table();

}  // namespace

const Kernels& avx2_kernels() {
  return kTable;
}

}  // namespace rocmforge::cpu
