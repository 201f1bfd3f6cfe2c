// BF16: bfloat16, the upper half of a float.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/half.h"

namespace rocmforge::quant {

struct BF16 {
  static constexpr std::string_view kName = "BF16";
  static constexpr std::uint32_t kGgufId = 30;
  static constexpr int kElems = 1;
  struct Block {
    std::uint16_t x;
  };

  static void decode(const Block& block, float* out) { *out = bf16_to_f32(block.x); }
  static void encode(const float* in, Block& block) { block.x = f32_to_bf16(*in); }
};
static_assert(sizeof(BF16::Block) == 2);

}  // namespace rocmforge::quant
