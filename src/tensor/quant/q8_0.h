// Q8_0: blocks of 32 in 34 bytes: F16 scale d, then 32 signed bytes.
//   x[i] = d * q[i], q in [-127, 127] when encoded here, -128 allowed in files.
// Layout: ggml's block_q8_0.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "tensor/half.h"
#include "tensor/quant/round.h"

namespace rocmforge::quant {

struct Q8_0 {
  static constexpr std::string_view kName = "Q8_0";
  static constexpr std::uint32_t kGgufId = 8;
  static constexpr int kElems = 32;
  struct Block {
    std::uint16_t d;  // F16
    std::int8_t q[32];
  };

  static void decode(const Block& block, float* out) {
    const float d = f16_to_f32(block.d);
    for (int j = 0; j < kElems; ++j) out[j] = static_cast<float>(block.q[j]) * d;
  }

  static void encode(const float* in, Block& block) {
    const float d = std::fabs(extreme(in, kElems)) / 127.0f;
    const float scale = inverse(d);
    block.d = f32_to_f16(d);
    for (int j = 0; j < kElems; ++j) {  // ties away from zero, as ggml
      block.q[j] = static_cast<std::int8_t>(held(std::round(in[j] * scale), -127, 127));
    }
  }
};
static_assert(sizeof(Q8_0::Block) == 34);

}  // namespace rocmforge::quant
