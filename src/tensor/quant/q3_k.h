// Q3_K: blocks of 256 in 110 bytes: 16 groups of 16 with a 6-bit scale each, one F16 scale d.
//   x[i] = d * (scale[i / 16] - 32) * (q[i] - 4), q in [0, 7].
// Bits 0 and 1 of q lie as in Q2_K; bit 2 of value 32 r + l (r of 8 runs, l of 32) is bit r of byte
// l of `high`. Scale g has its low 4 bits in byte g % 8 of `scales`, the low nibble of groups 0..7,
// the high of 8..15; its upper 2 bits are bits 2 (g / 4) and the next of byte 8 + g % 4.
// Layout: ggml's block_q3_K.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/fit.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q3_K {
  static constexpr std::string_view kName = "Q3_K";
  static constexpr std::uint32_t kGgufId = 11;
  static constexpr int kElems = 256;
  static constexpr int kGroup = 16;  // values that share a scale
  static constexpr int kGroups = kElems / kGroup;
  struct Block {
    std::uint8_t high[32];
    std::uint8_t q[64];
    std::uint8_t scales[12];
    std::uint16_t d;  // F16
  };

  // In [0, 63].
  static int scale_of(const std::uint8_t* scales, int g) {
    const int low = (scales[g % 8] >> (g < 8 ? 0 : 4)) & 15;
    return low | ((scales[8 + g % 4] >> (2 * (g / 4))) & 3) << 4;
  }

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    for (int i = 0; i < kElems; ++i) {
      const int q =
          ((block.q[byte_of(i)] >> shift_of(i)) & 3) | ((block.high[i % 32] >> (i / 32)) & 1) << 2;
      // d * scale first: the order of ggml, which rounds here.
      out[i] = d * static_cast<float>(scale_of(block.scales, i / kGroup) - 32) *
               static_cast<float>(q - 4);
    }
  }

  static void encode(const float* in, Block& block) {
    block = {};
    float scales[kGroups];
    for (int g = 0; g < kGroups; ++g) scales[g] = fit_symmetric<kGroup>(in + g * kGroup, 4);
    const float largest = extreme(scales, kGroups);
    if (!(std::fabs(largest) >= kNothing)) {
      for (int g = 0; g < kGroups; ++g) put_scale(block.scales, g, 32);
      return;  // all zero
    }
    const float inverse_d = -32.0f / largest;
    block.d = f32_to_f16(1.0f / inverse_d);
    for (int g = 0; g < kGroups; ++g) {
      const int scale =
          best_beside(nearest(inverse_d * scales[g], -32, 31), -32, 31, [&](int tried) {
            const float s = f16_to_f32(block.d) * static_cast<float>(tried);
            return loss<kGroup>(in + g * kGroup, s, 0, -4, 3);
          });
      put_scale(block.scales, g, scale + 32);
      // The scale as it will be read; one of 0 leaves the codes without effect.
      const float d = f16_to_f32(block.d) * static_cast<float>(scale);
      if (d == 0.0f) continue;
      for (int i = g * kGroup; i < (g + 1) * kGroup; ++i) {
        const int q = nearest(in[i] / d, -4, 3) + 4;
        block.q[byte_of(i)] |= static_cast<std::uint8_t>((q & 3) << shift_of(i));
        block.high[i % 32] |= static_cast<std::uint8_t>((q >> 2) << (i / 32));
      }
    }
  }

 private:
  static constexpr int byte_of(int i) { return i / 128 * 32 + i % 32; }
  static constexpr int shift_of(int i) { return i / 32 % 4 * 2; }
  static void put_scale(std::uint8_t* scales, int g, int scale) {
    scales[g % 8] |= static_cast<std::uint8_t>((scale & 15) << (g < 8 ? 0 : 4));
    scales[8 + g % 4] |= static_cast<std::uint8_t>((scale >> 4) << (2 * (g / 4)));
  }
};
static_assert(sizeof(Q3_K::Block) == 110);

}  // namespace rocmforge::quant
