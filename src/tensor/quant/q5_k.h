// Q5_K: blocks of 256 in 176 bytes: as Q4_K, with a fifth bit.
//   x[i] = d * s[i / 32] * q[i] - dmin * m[i / 32], q in [0, 31].
// Bit 4 of value 32 r + l (r of 8 runs, l of 32) is bit r of byte l of `high`; the low 4 lie as in
// Q4_K. Layout: ggml's block_q5_K.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/quant/scales_6.h"

namespace rocmforge::quant {

struct Q5_K {
  static constexpr std::string_view kName = "Q5_K";
  static constexpr std::uint32_t kGgufId = 13;
  static constexpr int kElems = 256;
  struct Block {
    std::uint16_t d;     // F16
    std::uint16_t dmin;  // F16
    std::uint8_t scales[12];
    std::uint8_t high[32];
    std::uint8_t q[128];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
    for (int i = 0; i < kElems; ++i) {
      const ScaleAndMin group = scale_and_min(block.scales, i / 32);
      const int q = ((block.q[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15) |
                    ((block.high[i % 32] >> (i / 32)) & 1) << 4;
      out[i] = d * static_cast<float>(group.scale) * static_cast<float>(q) -
               dmin * static_cast<float>(group.min);
    }
  }

  static void encode(const float* in, Block& block) {
    block = {};
    encode_8_groups(in, block, 31, {.first = -1.0f, .step = 0.05f, .n = 41}, [&](int i, int code) {
      block.q[i / 64 * 32 + i % 32] |= static_cast<std::uint8_t>((code & 15) << (i / 32 % 2 * 4));
      block.high[i % 32] |= static_cast<std::uint8_t>((code >> 4) << (i / 32));
    });
  }
};
static_assert(sizeof(Q5_K::Block) == 176);

}  // namespace rocmforge::quant
