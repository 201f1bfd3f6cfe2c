// F32: plain floats.
#pragma once

#include <cstdint>
#include <string_view>

namespace rocmforge::quant {

struct F32 {
  static constexpr std::string_view kName = "F32";
  static constexpr std::uint32_t kGgufId = 0;
  static constexpr int kElems = 1;
  struct Block {
    float x;
  };

  static void decode(const Block& block, float* out) { *out = block.x; }
  static void encode(const float* in, Block& block) { block.x = *in; }
};
static_assert(sizeof(F32::Block) == 4);

}  // namespace rocmforge::quant
