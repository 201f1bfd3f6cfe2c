// The 12 bytes in which Q4_K and Q5_K have a 6-bit scale and a 6-bit minimum for each of 8 groups,
// and what their encoders share.
//   Groups 0 to 3: the scale is bits 0..5 of byte g, the minimum those of byte 4 + g.
//   Groups 4 to 7: byte 4 + g has the scale's low 4 bits below, the minimum's above; the upper 2
//   bits of the scale are bits 6 and 7 of byte g - 4, those of the minimum of byte g.
#pragma once

#include <cmath>
#include <cstdint>

#include "tensor/half.h"
#include "tensor/quant/fit.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

inline ScaleAndMin scale_and_min(const std::uint8_t* bytes, int g) {
  if (g < 4) return {bytes[g] & 63, bytes[g + 4] & 63};
  return {(bytes[g + 4] & 15) | (bytes[g - 4] >> 6) << 4, bytes[g + 4] >> 4 | (bytes[g] >> 6) << 4};
}

// Into bits that are 0.
inline void put_scale_and_min(std::uint8_t* bytes, int g, ScaleAndMin x) {
  const auto put = [&](int at, int bits) { bytes[at] |= static_cast<std::uint8_t>(bits); };
  if (g < 4) {
    put(g, x.scale);
    put(g + 4, x.min);
    return;
  }
  put(g + 4, (x.scale & 15) | (x.min & 15) << 4);
  put(g - 4, x.scale >> 4 << 6);
  put(g, x.min >> 4 << 6);
}

// Scales, minima and codes, in [0, n_max], of 256 values; put(i, code) takes the codes, but those
// of groups whose scale is 0, where they are without effect.
template <class Block, class Put>
inline void encode_8_groups(const float* in, Block& block, int n_max, const Trials& trials,
                            Put put) {
  constexpr int kGroup = 32, kGroups = 8;
  Affine groups[kGroups];
  float largest = 0, largest_min = 0;
  for (int g = 0; g < kGroups; ++g) {
    const float* x = in + g * kGroup;
    float square = 0, weight[kGroup];
    for (int i = 0; i < kGroup; ++i) square += x[i] * x[i];
    const float size = std::sqrt(square / kGroup);
    for (int i = 0; i < kGroup; ++i) weight[i] = size + std::fabs(x[i]);
    groups[g] = fit_affine<kGroup>(x, weight, n_max, trials);
    if (groups[g].scale > largest) largest = groups[g].scale;
    if (groups[g].min > largest_min) largest_min = groups[g].min;
  }
  block.d = f32_to_f16(largest / 63.0f);
  block.dmin = f32_to_f16(largest_min / 63.0f);
  for (int g = 0; g < kGroups; ++g) {
    ScaleAndMin coded{nearest(63.0f * inverse(largest) * groups[g].scale, 0, 63),
                      nearest(63.0f * inverse(largest_min) * groups[g].min, 0, 63)};
    coded = best_scale_and_min<kGroup>(in + g * kGroup, coded, 63, f16_to_f32(block.d),
                                       f16_to_f32(block.dmin), n_max);
    put_scale_and_min(block.scales, g, coded);
    const float d = f16_to_f32(block.d) * static_cast<float>(coded.scale);
    const float m = f16_to_f32(block.dmin) * static_cast<float>(coded.min);
    if (d == 0.0f) continue;
    for (int i = g * kGroup; i < (g + 1) * kGroup; ++i) put(i, nearest((in[i] + m) / d, 0, n_max));
  }
}

}  // namespace rocmforge::quant
