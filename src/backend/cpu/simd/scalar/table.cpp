#include "backend/cpu/simd/scalar/scalar.h"
#include "backend/cpu/simd/tables.h"

namespace rocmforge::cpu {
namespace {

constexpr Kernels make_table() {
  Kernels table{};
  table.isa = Isa::kScalar;
  table.quantize_row = scalar::quantize_row;
  table.gemm[static_cast<std::size_t>(DType::kF32)] = scalar::gemm_f32;
  table.gemm[static_cast<std::size_t>(DType::kF16)] = scalar::gemm_f16;
  table.gemm[static_cast<std::size_t>(DType::kBF16)] = scalar::gemm_bf16;
  table.gemm[static_cast<std::size_t>(DType::kQ4_0)] = scalar::gemm_q4_0;
  table.gemm[static_cast<std::size_t>(DType::kQ4_1)] = scalar::gemm_q4_1;
  table.gemm[static_cast<std::size_t>(DType::kQ8_0)] = scalar::gemm_q8_0;
  table.gemm[static_cast<std::size_t>(DType::kQ6_K)] = scalar::gemm_q6_k;
  table.gemm[static_cast<std::size_t>(DType::kMXFP4)] = scalar::gemm_mxfp4;
  table.gemm[static_cast<std::size_t>(DType::kQ5_0)] = scalar::gemm_q5_0;
  table.gemm[static_cast<std::size_t>(DType::kQ5_1)] = scalar::gemm_q5_1;
  table.gemm[static_cast<std::size_t>(DType::kIQ4_NL)] = scalar::gemm_iq4_nl;
  table.gemm[static_cast<std::size_t>(DType::kMXFP6_E2M3)] = scalar::gemm_mxfp6_e2m3;
  table.gemm[static_cast<std::size_t>(DType::kMXFP6_E3M2)] = scalar::gemm_mxfp6_e3m2;
  table.gemm[static_cast<std::size_t>(DType::kQ2_K)] = scalar::gemm_q2_k;
  table.gemm[static_cast<std::size_t>(DType::kQ3_K)] = scalar::gemm_q3_k;
  table.gemm[static_cast<std::size_t>(DType::kQ4_K)] = scalar::gemm_q4_k;
  table.gemm[static_cast<std::size_t>(DType::kQ5_K)] = scalar::gemm_q5_k;
  table.gemm[static_cast<std::size_t>(DType::kIQ4_XS)] = scalar::gemm_iq4_xs;
  table.attention_scores_f16 = scalar::attention_scores_f16;
  table.attention_scores_f32 = scalar::attention_scores_f32;
  table.attention_values_f16 = scalar::attention_values_f16;
  table.attention_values_f32 = scalar::attention_values_f32;
  table.to_f16 = scalar::to_f16;
  return table;
}

constexpr Kernels kTable = make_table();

}  // namespace

const Kernels& scalar_kernels() {
  return kTable;
}

}  // namespace rocmforge::cpu
