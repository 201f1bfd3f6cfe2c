// F16: IEEE half precision.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/half.h"

namespace rocmforge::quant {

struct F16 {
  static constexpr std::string_view kName = "F16";
  static constexpr std::uint32_t kGgufId = 1;
  static constexpr int kElems = 1;
  struct Block {
    std::uint16_t x;
  };

  static void decode(const Block& block, float* out) { *out = f16_to_f32(block.x); }
  static void encode(const float* in, Block& block) { block.x = f32_to_f16(*in); }
};
static_assert(sizeof(F16::Block) == 2);

}  // namespace rocmforge::quant
