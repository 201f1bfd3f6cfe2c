// IQ4_XS: blocks of 256 in 136 bytes: 8 groups of 32 with a 6-bit scale each, one F16 scale d; the
// values are those of IQ4_NL.
//   x[i] = d * (s[i / 32] - 32) * kIq4Values[q[i]].
// Byte 16 g + j of `q` has value 32 g + j of group g in its low, 32 g + j + 16 in its high nibble.
// Scale g: its low 4 bits are nibble g % 2 (0 the low one) of byte g / 2 of scales_low, its upper 2
// bits are bits 2 g and 2 g + 1 of scales_high. Layout: ggml's block_iq4_xs.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/iq4_values.h"

namespace rocmforge::quant {

struct IQ4_XS {
  static constexpr std::string_view kName = "IQ4_XS";
  static constexpr std::uint32_t kGgufId = 23;
  static constexpr int kElems = 256;
  static constexpr int kGroup = 32, kGroups = 8;
  struct Block {
    std::uint16_t d;  // F16
    std::uint16_t scales_high;
    std::uint8_t scales_low[4];
    std::uint8_t q[128];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    for (int g = 0; g < kGroups; ++g) {
      const int scale = ((block.scales_low[g / 2] >> (g % 2 * 4)) & 15) |
                        ((block.scales_high >> (2 * g)) & 3) << 4;
      const float group_d = d * static_cast<float>(scale - 32);
      for (int j = 0; j < 16; ++j) {
        const std::uint8_t pair = block.q[16 * g + j];
        out[kGroup * g + j] = group_d * static_cast<float>(kIq4Values[pair & 15]);
        out[kGroup * g + j + 16] = group_d * static_cast<float>(kIq4Values[pair >> 4]);
      }
    }
  }

  static void encode(const float* in, Block& block) {
    block = {};
    float scales[kGroups];
    for (int g = 0; g < kGroups; ++g) scales[g] = fit_iq4(in + kGroup * g);
    const float d = extreme(scales, kGroups) / -32.0f;
    block.d = f32_to_f16(d);
    for (int g = 0; g < kGroups; ++g) {
      const int scale = nearest(inverse(d) * scales[g], -32, 31);
      block.scales_low[g / 2] |= static_cast<std::uint8_t>(((scale + 32) & 15) << (g % 2 * 4));
      block.scales_high =
          static_cast<std::uint16_t>(block.scales_high | ((scale + 32) >> 4) << (2 * g));
      const float to_values = inverse(f16_to_f32(block.d) * static_cast<float>(scale));
      const float* x = in + kGroup * g;
      for (int j = 0; j < 16; ++j) {
        block.q[16 * g + j] = static_cast<std::uint8_t>(nearest_iq4(to_values * x[j]) |
                                                        nearest_iq4(to_values * x[j + 16]) << 4);
      }
    }
  }
};
static_assert(sizeof(IQ4_XS::Block) == 136);

}  // namespace rocmforge::quant
