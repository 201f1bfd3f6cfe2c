// Roundings as in scalar/quantize.cpp, to the bit.
#include "backend/cpu/simd/avx512/avx512.h"
#include "backend/cpu/simd/avx512/simd.h"

namespace rocmforge::cpu::avx512 {

void quantize_row(const float* x, std::int64_t k, std::int8_t* values, float* scales,
                  std::int16_t* sums) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  for (std::int64_t b = 0; b < k / 32; ++b, x += 32, values += 32, sums += 2) {
    const __m512 half[2] = {_mm512_loadu_ps(x), _mm512_loadu_ps(x + 16)};
    const __m512i bits =
        _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(half[0]), magnitude),
                         _mm512_and_si512(_mm512_castps_si512(half[1]), magnitude));
    const std::uint32_t max_bits = _mm512_reduce_max_epu32(bits);
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
    const __m512 inverse = _mm512_set1_ps(127.0f / max);
    for (int h = 0; h < 2; ++h) {
      const __m512i rounded = _mm512_cvtps_epi32(_mm512_mul_ps(half[h], inverse));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(values + 16 * h), _mm512_cvtepi32_epi8(rounded));
      sums[h] = static_cast<std::int16_t>(_mm512_reduce_add_epi32(rounded));
    }
  }
}

void to_f16(const float* x, std::int64_t n, std::byte* out) {
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 2 * i),
                        _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  }
  if (i < n) {
    const __mmask16 mask = first_lanes(static_cast<int>(n - i));
    const __m512 last = _mm512_maskz_loadu_ps(mask, x + i);
    _mm256_mask_storeu_epi16(out + 2 * i, mask, _mm512_cvtps_ph(last, _MM_FROUND_TO_NEAREST_INT));
  }
}

}  // namespace rocmforge::cpu::avx512
