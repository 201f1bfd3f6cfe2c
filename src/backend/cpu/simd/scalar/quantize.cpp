// The reference of the roundings: int8 activations, and F16.
#include <bit>

#include "backend/cpu/simd/scalar/scalar.h"

namespace rocmforge::cpu::scalar {
namespace {

constexpr std::uint32_t kMagnitudeMask = 0x7fffffffu;
constexpr std::uint32_t kInfBits = 0x7f800000u;
// Below 2^-119, 127 / max|x| would come near the end of the range of floats.
constexpr float kLeastMax = 0x1p-119f;

// To the nearest integer, ties to even, of |x| < 2^22: adding 1.5 * 2^23 leaves no bits below 1.
std::int8_t round_to_int8(float x) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x + 0x1.8p23f);
  return static_cast<std::int8_t>(static_cast<std::int32_t>(bits - 0x4b400000u));
}

void quantize_block(const float* x, std::int8_t* values, float* scale, std::int16_t* sums) {
  // Bits of magnitudes order as the magnitudes do, with Inf and NaN above all.
  std::uint32_t max_bits = 0;
  for (int i = 0; i < 32; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x[i]) & kMagnitudeMask;
    max_bits = bits > max_bits ? bits : max_bits;
  }
  const float max = std::bit_cast<float>(max_bits);
  if (max_bits >= kInfBits || max < kLeastMax) {
    *scale = max_bits >= kInfBits ? std::bit_cast<float>(0x7fc00000u) : 0.0f;
    std::memset(values, 0, 32);
    sums[0] = sums[1] = 0;
    return;
  }
  *scale = max / 127.0f;
  const float inverse = 127.0f / max;
  for (int half = 0; half < 2; ++half) {
    int sum = 0;
    for (int i = half * 16; i < half * 16 + 16; ++i) {
      values[i] = round_to_int8(x[i] * inverse);
      sum += values[i];
    }
    sums[half] = static_cast<std::int16_t>(sum);
  }
}

}  // namespace

void quantize_row(const float* x, std::int64_t k, std::int8_t* values, float* scales,
                  std::int16_t* sums) {
  for (std::int64_t b = 0; b < k / 32; ++b) {
    quantize_block(x + 32 * b, values + 32 * b, scales + b, sums + 2 * b);
  }
}

void to_f16(const float* x, std::int64_t n, std::byte* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint16_t half = f32_to_f16(x[i]);
    std::memcpy(out + 2 * i, &half, 2);
  }
}

}  // namespace rocmforge::cpu::scalar
