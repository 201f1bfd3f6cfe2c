// Q5_0: blocks of 32 in 22 bytes: F16 scale d, 32 fifth bits, then 32 nibbles.
//   x[i] = d * (q[i] - 16), q in [0, 31]; byte j of `q` has the low bits of x[j] in its low, of
//   x[j + 16] in its high nibble; bit i of `high`, a little-endian word, is bit 4 of q[i].
// Encoding (as ggml): the value of largest magnitude becomes q = 0. Layout: ggml's block_q5_0.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/fifth_bits.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q5_0 {
  static constexpr std::string_view kName = "Q5_0";
  static constexpr std::uint32_t kGgufId = 6;
  static constexpr int kElems = 32;
  struct Block {
    std::uint16_t d;  // F16
    std::uint8_t high[4];
    std::uint8_t q[16];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    for (int i = 0; i < kElems; ++i) {
      out[i] = static_cast<float>(code_of_5(block.q, block.high, i) - 16) * d;
    }
  }

  static void encode(const float* in, Block& block) {
    const float d = extreme(in, kElems) / -16.0f;
    const float scale = inverse(d);
    block = {};
    block.d = f32_to_f16(d);
    for (int i = 0; i < kElems; ++i) {
      put_code_of_5(block.q, block.high, i, static_cast<int>(held(in[i] * scale + 16.5f, 0, 31)));
    }
  }
};
static_assert(sizeof(Q5_0::Block) == 22);

}  // namespace rocmforge::quant
