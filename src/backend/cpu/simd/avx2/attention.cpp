#include "backend/cpu/simd/avx2/avx2.h"
#include "backend/cpu/simd/avx2/simd.h"

// In terms of simd.h, which therefore comes first.
#include "backend/cpu/simd/generic/attention.h"

namespace rocmforge::cpu::avx2 {

void attention_scores_f16(const KvTile& keys, const float* q, std::int64_t q_stride,
                          std::int32_t n_q, float* scores, std::int64_t score_stride) {
  scores_of<F16>(keys, q, q_stride, n_q, scores, score_stride);
}
void attention_scores_f32(const KvTile& keys, const float* q, std::int64_t q_stride,
                          std::int32_t n_q, float* scores, std::int64_t score_stride) {
  scores_of<F32>(keys, q, q_stride, n_q, scores, score_stride);
}
void attention_values_f16(const KvTile& values, const float* p, std::int64_t p_stride,
                          std::int32_t n_q, float* acc, std::int64_t acc_stride) {
  values_of<F16>({values, p, p_stride, acc, acc_stride}, n_q);
}
void attention_values_f32(const KvTile& values, const float* p, std::int64_t p_stride,
                          std::int32_t n_q, float* acc, std::int64_t acc_stride) {
  values_of<F32>({values, p, p_stride, acc, acc_stride}, n_q);
}

}  // namespace rocmforge::cpu::avx2
