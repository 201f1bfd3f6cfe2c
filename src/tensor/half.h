// Conversions between float and the 16-bit floats and power-of-two scales of weight blocks.
// To 16 bits all round to nearest, ties to even; NaN stays a (quiet) NaN, as F16C makes it.
#pragma once

#include <bit>
#include <cstdint>

namespace rocmforge {

static_assert(std::endian::native == std::endian::little, "blocks are read as they lie in files");

// IEEE binary16: 1 sign, 5 exponent (bias 15), 10 mantissa bits.
constexpr float f16_to_f32(std::uint16_t h) {
  const std::uint32_t sign = (h & 0x8000u) << 16;
  const std::uint32_t exponent = (h >> 10) & 0x1fu;
  const std::uint32_t mantissa = h & 0x3ffu;
  if (exponent == 0) {  // zero or denormal: mantissa * 2^-24, exact in a float
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  if (exponent == 31) {
    const std::uint32_t quiet = mantissa != 0 ? 0x400000u : 0u;
    return std::bit_cast<float>(sign | 0x7f800000u | quiet | (mantissa << 13));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

constexpr std::uint16_t f32_to_f16(float f) {
  const auto bits = std::bit_cast<std::uint32_t>(f);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000u) {  // NaN
    half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  } else if (magnitude >= 0x477ff000u) {  // from 65520 on, half way past the largest: infinity
    half = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {  // normal: from 2^-14 on
    const std::uint32_t rebiased = magnitude - (112u << 23);
    half = (rebiased + 0xfffu + ((rebiased >> 13) & 1u)) >> 13;
  } else if (magnitude >= 0x33000000u) {  // denormal: from 2^-25 on, in units of 2^-24
    const std::uint32_t shift = 126u - (magnitude >> 23);  // 14 to 24
    const std::uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    const std::uint32_t rest = mantissa & ((1u << shift) - 1u);
    const std::uint32_t middle = 1u << (shift - 1u);
    half = mantissa >> shift;
    if (rest > middle || (rest == middle && (half & 1u) != 0)) ++half;
  }
  return static_cast<std::uint16_t>(sign | half);
}

// bfloat16: the upper half of a float.
constexpr float bf16_to_f32(std::uint16_t h) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(h) << 16);
}

constexpr std::uint16_t f32_to_bf16(float f) {
  const auto bits = std::bit_cast<std::uint32_t>(f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// E8M0 of the OCP Microscaling formats, halved: 2^(e - 128), exact also where it is denormal. It
// scales element values that are stored doubled. 255, which OCP reserves for NaN, gives 2^127 as
// in ggml.
constexpr float e8m0_to_f32_halved(std::uint8_t e) {
  if (e < 2) return std::bit_cast<float>(0x00200000u << e);
  return std::bit_cast<float>((static_cast<std::uint32_t>(e) - 1u) << 23);
}

// E8M0: 2^(e - 127); 255 is NaN.
constexpr float e8m0_to_f32(std::uint8_t e) {
  if (e == 255) return std::bit_cast<float>(0x7fc00000u);
  if (e == 0) return std::bit_cast<float>(0x00400000u);
  return std::bit_cast<float>(static_cast<std::uint32_t>(e) << 23);
}

}  // namespace rocmforge
