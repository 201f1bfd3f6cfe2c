// IQ4_NL: blocks of 32 in 18 bytes: F16 scale d, then 32 nibbles, each the place of a value in
// kIq4Values (iq4_values.h).
//   x[i] = d * kIq4Values[q[i]]; byte j of `q` has q[j] in its low, q[j + 16] in its high nibble.
// Layout: ggml's block_iq4_nl.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/iq4_values.h"

namespace rocmforge::quant {

struct IQ4_NL {
  static constexpr std::string_view kName = "IQ4_NL";
  static constexpr std::uint32_t kGgufId = 20;
  static constexpr int kElems = 32;
  struct Block {
    std::uint16_t d;  // F16
    std::uint8_t q[16];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    for (int j = 0; j < 16; ++j) {
      out[j] = d * static_cast<float>(kIq4Values[block.q[j] & 15]);
      out[j + 16] = d * static_cast<float>(kIq4Values[block.q[j] >> 4]);
    }
  }

  static void encode(const float* in, Block& block) {
    block.d = f32_to_f16(fit_iq4(in));
    const float to_values = inverse(f16_to_f32(block.d));
    for (int j = 0; j < 16; ++j) {
      block.q[j] = static_cast<std::uint8_t>(nearest_iq4(to_values * in[j]) |
                                             nearest_iq4(to_values * in[j + 16]) << 4);
    }
  }
};
static_assert(sizeof(IQ4_NL::Block) == 18);

}  // namespace rocmforge::quant
