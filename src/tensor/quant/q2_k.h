// Q2_K: blocks of 256 in 84 bytes: 16 groups of 16 with a 4-bit scale and a 4-bit minimum each, F16
// factors d and dmin of these.
//   x[i] = d * (scales[i / 16] & 15) * q[i] - dmin * (scales[i / 16] >> 4), q in [0, 3].
// Value 128 h + 32 r + l (r of 4 runs, l of 32) is in byte 32 h + l of `q`, bits 2 r and 2 r + 1.
// Layout: ggml's block_q2_K.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/fit.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q2_K {
  static constexpr std::string_view kName = "Q2_K";
  static constexpr std::uint32_t kGgufId = 10;
  static constexpr int kElems = 256;
  static constexpr int kGroup = 16;  // values that share a scale
  static constexpr int kGroups = kElems / kGroup;
  struct Block {
    std::uint8_t scales[16];
    std::uint8_t q[64];
    std::uint16_t d;     // F16
    std::uint16_t dmin;  // F16
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
    for (int i = 0; i < kElems; ++i) {
      const std::uint8_t pair = block.scales[i / kGroup];
      const int q = (block.q[byte_of(i)] >> shift_of(i)) & 3;
      out[i] = d * static_cast<float>(pair & 15) * static_cast<float>(q) -
               dmin * static_cast<float>(pair >> 4);
    }
  }

  static void encode(const float* in, Block& block) {
    block = {};
    Affine groups[kGroups];
    float largest = 0, largest_min = 0;
    for (int g = 0; g < kGroups; ++g) {
      float weight[kGroup];
      for (int i = 0; i < kGroup; ++i) weight[i] = std::fabs(in[g * kGroup + i]);
      groups[g] = fit_affine<kGroup>(in + g * kGroup, weight, 3,
                                     {.first = -0.5f, .step = 0.1f, .n = 16, .absolute = true});
      if (groups[g].scale > largest) largest = groups[g].scale;
      if (groups[g].min > largest_min) largest_min = groups[g].min;
    }
    block.d = f32_to_f16(largest / 15.0f);
    block.dmin = f32_to_f16(largest_min / 15.0f);
    for (int g = 0; g < kGroups; ++g) {
      const auto [scale, min] =
          best_scale_and_min<kGroup>(in + g * kGroup,
                                     {nearest(15.0f * inverse(largest) * groups[g].scale, 0, 15),
                                      nearest(15.0f * inverse(largest_min) * groups[g].min, 0, 15)},
                                     15, f16_to_f32(block.d), f16_to_f32(block.dmin), 3);
      block.scales[g] = static_cast<std::uint8_t>(scale | min << 4);
      // As they will be read; a scale of 0 leaves the codes without effect.
      const float d = f16_to_f32(block.d) * static_cast<float>(scale);
      const float m = f16_to_f32(block.dmin) * static_cast<float>(min);
      if (d == 0.0f) continue;
      for (int i = g * kGroup; i < (g + 1) * kGroup; ++i) {
        block.q[byte_of(i)] |=
            static_cast<std::uint8_t>(nearest((in[i] + m) / d, 0, 3) << shift_of(i));
      }
    }
  }

 private:
  static constexpr int byte_of(int i) { return i / 128 * 32 + i % 32; }
  static constexpr int shift_of(int i) { return i / 32 % 4 * 2; }
};
static_assert(sizeof(Q2_K::Block) == 84);

}  // namespace rocmforge::quant
