// Q6_K: blocks of 256 in 210 bytes: 16 groups of 16 with an 8-bit scale each, one F16 scale d.
//   x[i] = d * scales[i / 16] * (q[i] - 32), q in [0, 63].
// q is split in its low 4 and high 2 bits. Each half h (128 values, 64 bytes of `low`, 32 of
// `high`) has four runs r of 32; value l of run r takes
//   low  byte 64 h + 32 (r % 2) + l, nibble r / 2 (0 the low one);
//   high byte 32 h + l, bits 2 r and 2 r + 1.
// Layout: ggml's block_q6_K.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/fit.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q6_K {
  static constexpr std::string_view kName = "Q6_K";
  static constexpr std::uint32_t kGgufId = 14;
  static constexpr int kElems = 256;
  static constexpr int kGroup = 16;  // values that share a scale
  static constexpr int kGroups = kElems / kGroup;
  struct Block {
    std::uint8_t low[128];
    std::uint8_t high[64];
    std::int8_t scales[16];
    std::uint16_t d;  // F16
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    for (int i = 0; i < kElems; ++i) {
      const Place at = place(i);
      const int q = ((block.low[at.low] >> at.low_shift) & 15) |
                    (((block.high[at.high] >> at.high_shift) & 3) << 4);
      // d * scale first: the order of ggml, which rounds here.
      out[i] = d * static_cast<float>(block.scales[i / kGroup]) * static_cast<float>(q - 32);
    }
  }

  static void encode(const float* in, Block& block) {
    block = {};
    std::uint8_t q[kElems] = {};
    float scales[kGroups];
    for (int g = 0; g < kGroups; ++g) scales[g] = fit(in + g * kGroup);

    const float largest = extreme(scales, kGroups);
    if (!(std::fabs(largest) >= kNothing)) return;  // all zero
    const float inverse_d = -128.0f / largest;
    block.d = f32_to_f16(1.0f / inverse_d);
    for (int g = 0; g < kGroups; ++g) {
      block.scales[g] = static_cast<std::int8_t>(
          best_beside(nearest(inverse_d * scales[g], -128, 127), -128, 127, [&](int tried) {
            const float s = f16_to_f32(block.d) * static_cast<float>(tried);
            return loss<kGroup>(in + g * kGroup, s, 0, -32, 31);
          }));
      // The scale as it will be read decides the codes; a scale of 0 leaves them without effect.
      const float scale = f16_to_f32(block.d) * static_cast<float>(block.scales[g]);
      if (scale == 0.0f) continue;
      for (int i = g * kGroup; i < (g + 1) * kGroup; ++i) {
        q[i] = static_cast<std::uint8_t>(nearest(in[i] / scale, -32, 31) + 32);
      }
    }
    for (int i = 0; i < kElems; ++i) {
      const Place at = place(i);
      block.low[at.low] |= static_cast<std::uint8_t>((q[i] & 15) << at.low_shift);
      block.high[at.high] |= static_cast<std::uint8_t>((q[i] >> 4) << at.high_shift);
    }
  }

 private:
  struct Place {
    int low, low_shift, high, high_shift;
  };
  static constexpr Place place(int i) {
    const int half = i / 128, run = i / 32 % 4, l = i % 32;
    return {64 * half + 32 * (run % 2) + l, 4 * (run / 2), 32 * half + l, 2 * run};
  }

  // A group's scale s, x ~ s (q - 32), of least error weighted by x^2. Nineteen scales are tried,
  // which put the extreme value at codes around -32; each is refined by least squares over its
  // codes: s = sum(w x q) / sum(w q^2), which lowers the error by sum(w x q)^2 / sum(w q^2). The
  // best of those wins.
  static float fit(const float* x) {
    const float largest = extreme(x, kGroup);
    if (!(std::fabs(largest) >= kNothing)) return 0.0f;
    float best_scale = 0.0f, best_gain = -1.0f;
    for (int trial = 0; trial < 19; ++trial) {
      // The plain scale first, so that it wins ties; then -0.9 to 0.9 beside it.
      const int step = trial == 0 ? 0 : trial <= 9 ? trial - 10 : trial - 9;
      const float inverse_scale = -(32.0f + 0.1f * static_cast<float>(step)) / largest;
      Lanes sum_xq{}, sum_qq{};
      for (int i = 0; i < kGroup; i += kLanes) {
        const Lanes value = lanes_at(x + i);
        const Lanes code = nearest_whole(all_lanes(inverse_scale) * value, -32, 31);
        const Lanes weighted = value * value * code;
        sum_xq += weighted * value;
        sum_qq += weighted * code;
      }
      const float xq = sum(sum_xq), qq = sum(sum_qq);
      if (!(qq > 0.0f) || !(xq * xq > best_gain * qq)) continue;
      best_scale = xq / qq;
      best_gain = best_scale * xq;
    }
    return best_scale;
  }
};
static_assert(sizeof(Q6_K::Block) == 210);

}  // namespace rocmforge::quant
