// MXFP4 (OCP Microscaling): blocks of 32 in 17 bytes: E8M0 scale e, then 32 nibbles of E2M1.
//   x[i] = 2^(e - 127) * v[q[i]], v = 0, 0.5, 1, 1.5, 2, 3, 4, 6 and, with bit 3, the negatives;
//   byte j of `q` has x[j] in its low, x[j + 16] in its high nibble. Code 8 decodes to +0.
// Encoding (as ggml and OCP): e - 127 = floor(log2(largest magnitude)) - 2, the exponent of 6 being
// 2; each value goes to the nearest of the set, the smaller of two equally near. Layout: ggml's
// block_mxfp4.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct MXFP4 {
  static constexpr std::string_view kName = "MXFP4";
  static constexpr std::uint32_t kGgufId = 39;
  static constexpr int kElems = 32;
  // v doubled, so that it is whole: it goes with the halved scale.
  static constexpr std::array<std::int8_t, 16> kDoubled = {0, 1,  2,  3,  4,  6,  8,  12,
                                                           0, -1, -2, -3, -4, -6, -8, -12};
  struct Block {
    std::uint8_t e;  // E8M0
    std::uint8_t q[16];
  };

  static void decode(const Block& block, float* out) {
    const float d = e8m0_to_f32_halved(block.e);
    for (int j = 0; j < 16; ++j) {
      out[j] = static_cast<float>(kDoubled[block.q[j] & 15]) * d;
      out[j + 16] = static_cast<float>(kDoubled[block.q[j] >> 4]) * d;
    }
  }

  static void encode(const float* in, Block& block) {
    const float largest = std::fabs(extreme(in, kElems));
    // 254 at most: 255 is OCP's NaN.
    block.e = largest > 0.0f ? static_cast<std::uint8_t>(exponent_of(largest)) : std::uint8_t{0};
    const float d = e8m0_to_f32_halved(block.e);
    for (int j = 0; j < 16; ++j) {
      block.q[j] = static_cast<std::uint8_t>(code(in[j], d) | (code(in[j + 16], d) << 4));
    }
  }

 private:
  static int exponent_of(float largest) {
    return std::isinf(largest) ? 254 : std::clamp(std::ilogb(largest) - 2 + 127, 0, 254);
  }

  static int code(float x, float d) {
    const float magnitude = std::fabs(x);
    int best = 0;
    float best_error = magnitude;
    for (int q = 1; q < 8; ++q) {
      const float error =
          std::fabs(static_cast<float>(kDoubled[static_cast<unsigned>(q)]) * d - magnitude);
      if (error < best_error) {
        best = q;
        best_error = error;
      }
    }
    return best != 0 && x < 0.0f ? best + 8 : best;
  }
};
static_assert(sizeof(MXFP4::Block) == 17);

}  // namespace rocmforge::quant
