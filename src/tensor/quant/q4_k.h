// Q4_K: blocks of 256 in 144 bytes: 8 groups of 32 with a 6-bit scale s and a 6-bit minimum m each
// (scales_6.h), F16 factors d and dmin of these.
//   x[i] = d * s[i / 32] * q[i] - dmin * m[i / 32], q in [0, 15].
// Value 64 c + 32 r + l (c of 4 chunks, r 0 or 1, l of 32) is nibble r (0 the low one) of byte
// 32 c + l of `q`. Layout: ggml's block_q4_K.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/quant/scales_6.h"

namespace rocmforge::quant {

struct Q4_K {
  static constexpr std::string_view kName = "Q4_K";
  static constexpr std::uint32_t kGgufId = 12;
  static constexpr int kElems = 256;
  struct Block {
    std::uint16_t d;     // F16
    std::uint16_t dmin;  // F16
    std::uint8_t scales[12];
    std::uint8_t q[128];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
    for (int i = 0; i < kElems; ++i) {
      const ScaleAndMin group = scale_and_min(block.scales, i / 32);
      const int q = (block.q[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15;
      out[i] = d * static_cast<float>(group.scale) * static_cast<float>(q) -
               dmin * static_cast<float>(group.min);
    }
  }

  static void encode(const float* in, Block& block) {
    block = {};
    encode_8_groups(in, block, 15, {.first = -1.0f, .step = 0.1f, .n = 21}, [&](int i, int code) {
      block.q[i / 64 * 32 + i % 32] |= static_cast<std::uint8_t>(code << (i / 32 % 2 * 4));
    });
  }
};
static_assert(sizeof(Q4_K::Block) == 144);

}  // namespace rocmforge::quant
