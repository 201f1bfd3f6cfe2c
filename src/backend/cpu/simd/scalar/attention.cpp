// One head's queries against the tokens of one KV block: the reference.
#include "backend/cpu/simd/scalar/scalar.h"

namespace rocmforge::cpu::scalar {
namespace {

struct F32 {
  static constexpr int kBytes = 4;
  static float at(const std::byte* v) { return load<float>(v); }
};
struct F16 {
  static constexpr int kBytes = 2;
  static float at(const std::byte* v) { return f16_to_f32(load<std::uint16_t>(v)); }
};

template <class T>
void scores_of(const KvTile& keys, const float* q, std::int64_t q_stride, std::int32_t n_q,
               float* scores, std::int64_t score_stride) {
  for (std::int32_t i = 0; i < n_q; ++i) {
    for (std::int32_t t = 0; t < keys.n_tokens; ++t) {
      const std::byte* key = keys.block + std::int64_t{t} * keys.head_dim * T::kBytes;
      float sum = 0.0f;
      for (int d = 0; d < keys.head_dim; ++d)
        sum += q[i * q_stride + d] * T::at(key + d * T::kBytes);
      scores[i * score_stride + t] = sum;
    }
  }
}

template <class T>
void values_of(const KvTile& values, const float* p, std::int64_t p_stride, std::int32_t n_q,
               float* acc, std::int64_t acc_stride) {
  for (std::int32_t i = 0; i < n_q; ++i) {
    for (std::int32_t t = 0; t < values.n_tokens; ++t) {
      const std::byte* value = values.block + std::int64_t{t} * values.head_dim * T::kBytes;
      const float weight = p[i * p_stride + t];
      for (int d = 0; d < values.head_dim; ++d) {
        acc[i * acc_stride + d] += weight * T::at(value + d * T::kBytes);
      }
    }
  }
}

}  // namespace

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
  values_of<F16>(values, p, p_stride, n_q, acc, acc_stride);
}
void attention_values_f32(const KvTile& values, const float* p, std::int64_t p_stride,
                          std::int32_t n_q, float* acc, std::int64_t acc_stride) {
  values_of<F32>(values, p, p_stride, n_q, acc, acc_stride);
}

}  // namespace rocmforge::cpu::scalar
