// Q5_1: blocks of 32 in 24 bytes: F16 scale d, F16 minimum m, 32 fifth bits, then 32 nibbles.
//   x[i] = d * q[i] + m, q in [0, 31], its bits as in Q5_0.
// Encoding (as ggml): the block's least value is q = 0, its greatest q = 31. Layout: ggml's
// block_q5_1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/fifth_bits.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q5_1 {
  static constexpr std::string_view kName = "Q5_1";
  static constexpr std::uint32_t kGgufId = 7;
  static constexpr int kElems = 32;
  struct Block {
    std::uint16_t d;  // F16
    std::uint16_t m;  // F16
    std::uint8_t high[4];
    std::uint8_t q[16];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    const float m = f16_to_f32(block.m);
    for (int i = 0; i < kElems; ++i) {
      out[i] = static_cast<float>(code_of_5(block.q, block.high, i)) * d + m;
    }
  }

  static void encode(const float* in, Block& block) {
    const auto [least, greatest] = std::minmax_element(in, in + kElems);
    const float m = *least;
    const float d = (*greatest - m) / 31.0f;
    const float scale = inverse(d);
    block = {};
    block.d = f32_to_f16(d);
    block.m = f32_to_f16(m);
    for (int i = 0; i < kElems; ++i) {
      const float code = held((in[i] - m) * scale + 0.5f, 0, 31);
      put_code_of_5(block.q, block.high, i, static_cast<int>(code));
    }
  }
};
static_assert(sizeof(Q5_1::Block) == 24);

}  // namespace rocmforge::quant
