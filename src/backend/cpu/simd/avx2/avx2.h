// The functions of this set; meanings in kernels.h.
#pragma once

#include "backend/cpu/simd/kernels.h"

namespace rocmforge::cpu::avx2 {

void quantize_row(const float* x, std::int64_t k, std::int8_t* values, float* scales,
                  std::int16_t* sums);
void to_f16(const float* x, std::int64_t n, std::byte* out);
void gemm_f32(const GemmTile& tile);
void gemm_f16(const GemmTile& tile);
void gemm_bf16(const GemmTile& tile);
void gemm_q4_0(const GemmTile& tile);
void gemm_q4_1(const GemmTile& tile);
void gemm_q8_0(const GemmTile& tile);
void gemm_q6_k(const GemmTile& tile);
void gemm_mxfp4(const GemmTile& tile);
void gemm_q5_0(const GemmTile& tile);
void gemm_q5_1(const GemmTile& tile);
void gemm_iq4_nl(const GemmTile& tile);
void gemm_mxfp6_e2m3(const GemmTile& tile);
void gemm_mxfp6_e3m2(const GemmTile& tile);
void gemm_q2_k(const GemmTile& tile);
void gemm_q3_k(const GemmTile& tile);
void gemm_q4_k(const GemmTile& tile);
void gemm_q5_k(const GemmTile& tile);
void gemm_iq4_xs(const GemmTile& tile);
void attention_scores_f16(const KvTile& keys, const float* q, std::int64_t q_stride,
                          std::int32_t n_q, float* scores, std::int64_t score_stride);
void attention_scores_f32(const KvTile& keys, const float* q, std::int64_t q_stride,
                          std::int32_t n_q, float* scores, std::int64_t score_stride);
void attention_values_f16(const KvTile& values, const float* p, std::int64_t p_stride,
                          std::int32_t n_q, float* acc, std::int64_t acc_stride);
void attention_values_f32(const KvTile& values, const float* p, std::int64_t p_stride,
                          std::int32_t n_q, float* acc, std::int64_t acc_stride);

}  // namespace rocmforge::cpu::avx2
