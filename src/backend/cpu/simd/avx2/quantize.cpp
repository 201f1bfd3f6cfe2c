// Roundings as in scalar/quantize.cpp, to the bit.
#include "backend/cpu/simd/avx2/avx2.h"
#include "backend/cpu/simd/avx2/simd.h"

namespace rocmforge::cpu::avx2 {
namespace {

std::uint32_t max_of(__m256i x) {
  __m128i m = _mm_max_epu32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4e));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xb1));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(m));
}

std::int32_t sum_of(__m256i x) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return _mm_cvtsi128_si32(s);
}

}  // namespace

void quantize_row(const float* x, std::int64_t k, std::int8_t* values, float* scales,
                  std::int16_t* sums) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  for (std::int64_t b = 0; b < k / 32; ++b, x += 32, values += 32, sums += 2) {
    __m256 part[4];
    __m256i bits = _mm256_setzero_si256();
    for (int i = 0; i < 4; ++i) {
      part[i] = _mm256_loadu_ps(x + 8 * i);
      bits = _mm256_max_epu32(bits, _mm256_and_si256(_mm256_castps_si256(part[i]), magnitude));
    }
    const std::uint32_t max_bits = max_of(bits);
    float max;
    __builtin_memcpy(&max, &max_bits, 4);
    const bool is_finite = max_bits < 0x7f800000u;
    if (!is_finite || max < 0x1p-119f) {
      scales[b] = is_finite ? 0.0f : __builtin_nanf("");
      __builtin_memset(values, 0, 32);
      sums[0] = sums[1] = 0;
      continue;
    }
    scales[b] = max / 127.0f;
    const __m256 inverse = _mm256_set1_ps(127.0f / max);
    for (int h = 0; h < 2; ++h) {
      const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(part[2 * h], inverse));
      const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(part[2 * h + 1], inverse));
      sums[h] = static_cast<std::int16_t>(sum_of(_mm256_add_epi32(low, high)));
      // The pack works within 128 bits: put its quarters back in order.
      const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
      _mm_storeu_si128(
          reinterpret_cast<__m128i*>(values + 16 * h),
          _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
    }
  }
}

void to_f16(const float* x, std::int64_t n, std::byte* out) {
  for (std::int64_t i = 0; i < n; i += 8) {
    const std::int64_t left = n - i < 8 ? n - i : 8;
    const __m256 floats = load_floats(x + i, static_cast<int>(left));
    const __m128i halves = _mm256_cvtps_ph(floats, _MM_FROUND_TO_NEAREST_INT);
    __builtin_memcpy(out + 2 * i, &halves, static_cast<std::size_t>(left) * 2);
  }
}

}  // namespace rocmforge::cpu::avx2
