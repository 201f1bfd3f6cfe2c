#include "backend/cpu/simd/avx512/avx512.h"
#include "backend/cpu/simd/tables.h"

namespace rocmforge::cpu {
namespace {

constexpr Kernels make_table() {
  Kernels table{};
  table.isa = Isa::kAvx512;
  table.quantize_row = avx512::quantize_row;
  table.gemm[static_cast<std::size_t>(DType::kF32)] = avx512::gemm_f32;
  table.gemm[static_cast<std::size_t>(DType::kF16)] = avx512::gemm_f16;
  table.gemm[static_cast<std::size_t>(DType::kBF16)] = avx512::gemm_bf16;
  table.gemm[static_cast<std::size_t>(DType::kQ4_0)] = avx512::gemm_q4_0;
  table.gemm[static_cast<std::size_t>(DType::kQ4_1)] = avx512::gemm_q4_1;
  table.gemm[static_cast<std::size_t>(DType::kQ8_0)] = avx512::gemm_q8_0;
  table.gemm[static_cast<std::size_t>(DType::kQ6_K)] = avx512::gemm_q6_k;
  table.gemm[static_cast<std::size_t>(DType::kMXFP4)] = avx512::gemm_mxfp4;
  table.attention_scores_f16 = avx512::attention_scores_f16;
  table.attention_scores_f32 = avx512::attention_scores_f32;
  table.attention_values_f16 = avx512::attention_values_f16;
  table.attention_values_f32 = avx512::attention_values_f32;
  table.to_f16 = avx512::to_f16;
  return table;
}

constexpr Kernels kTable = make_table();

}  // namespace

const Kernels& avx512_kernels() {
  return kTable;
}

}  // namespace rocmforge::cpu
