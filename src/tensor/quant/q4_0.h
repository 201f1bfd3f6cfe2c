// Q4_0: blocks of 32 in 18 bytes: F16 scale d, then 32 nibbles.
//   x[i] = d * (q[i] - 8), q in [0, 15]; byte j of `q` has x[j] in its low, x[j + 16] in its high
//   nibble.
// Encoding (as ggml): the value of largest magnitude, with its sign, becomes q = 0, so d is
// negative when that value is positive. Layout: ggml's block_q4_0.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q4_0 {
  static constexpr std::string_view kName = "Q4_0";
  static constexpr std::uint32_t kGgufId = 2;
  static constexpr int kElems = 32;
  struct Block {
    std::uint16_t d;  // F16
    std::uint8_t q[16];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    for (int j = 0; j < 16; ++j) {
      out[j] = static_cast<float>((block.q[j] & 15) - 8) * d;
      out[j + 16] = static_cast<float>((block.q[j] >> 4) - 8) * d;
    }
  }

  static void encode(const float* in, Block& block) {
    const float d = extreme(in, kElems) / -8.0f;
    const float scale = inverse(d);
    block.d = f32_to_f16(d);
    // Truncation after adding a half rounds to nearest; x * scale >= -8, so nothing is below 0.
    const auto code = [&](float x) { return static_cast<int>(held(x * scale + 8.5f, 0, 15)); };
    for (int j = 0; j < 16; ++j) {
      block.q[j] = static_cast<std::uint8_t>(code(in[j]) | (code(in[j + 16]) << 4));
    }
  }
};
static_assert(sizeof(Q4_0::Block) == 18);

}  // namespace rocmforge::quant
