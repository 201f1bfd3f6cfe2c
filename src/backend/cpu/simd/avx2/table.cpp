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
