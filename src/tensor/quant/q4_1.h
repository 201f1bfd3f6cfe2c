// Q4_1: blocks of 32 in 20 bytes: F16 scale d, F16 minimum m, then 32 nibbles.
//   x[i] = d * q[i] + m, q in [0, 15]; byte j of `q` has x[j] in its low, x[j + 16] in its high
//   nibble.
// Encoding (as ggml): the block's least value is q = 0, its greatest q = 15. Layout: ggml's
// block_q4_1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q4_1 {
  static constexpr std::string_view kName = "Q4_1";
  static constexpr std::uint32_t kGgufId = 3;
  static constexpr int kElems = 32;
  struct Block {
    std::uint16_t d;  // F16
    std::uint16_t m;  // F16
    std::uint8_t q[16];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    const float m = f16_to_f32(block.m);
    for (int j = 0; j < 16; ++j) {
      out[j] = static_cast<float>(block.q[j] & 15) * d + m;
      out[j + 16] = static_cast<float>(block.q[j] >> 4) * d + m;
    }
  }

  static void encode(const float* in, Block& block) {
    const auto [least, greatest] = std::minmax_element(in, in + kElems);
    const float m = *least;
    const float d = (*greatest - m) / 15.0f;
    const float scale = inverse(d);
    block.d = f32_to_f16(d);
    block.m = f32_to_f16(m);
    const auto code = [&](float x) {
      return static_cast<int>(held((x - m) * scale + 0.5f, 0, 15));
    };
    for (int j = 0; j < 16; ++j) {
      block.q[j] = static_cast<std::uint8_t>(code(in[j]) | (code(in[j + 16]) << 4));
    }
  }
};
static_assert(sizeof(Q4_1::Block) == 20);

}  // namespace rocmforge::quant
