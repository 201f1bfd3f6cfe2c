// Operands of packed instructions: two halves a register, each result half with its own choice of
// them.
#pragma once

#include "machine/exec/vector_operand.h"

namespace rocmforge::emu {

// What the results' halves take of an operand, side by side, signs and denormals seen to.
void lay_out_pairs(const Wave& wave, const Operand& operand, Format format, Lanes& room);

class PairSource {
 public:
  PairSource(const Wave& wave, const Operand& operand, Format format) {
    const bool plain = operand.is_vgpr() && !operand.high && operand.high_of_high &&
                       !operand.negate && !operand.negate_high && !operand.absolute &&
                       (wave.mode & denormals_into(format)) == denormals_into(format);
    x_ = wave.v[operand.index].x;
    if (!plain) {
      lay_out_pairs(wave, operand, format, room_);
      x_ = room_.x;
    }
  }
  PairSource(const PairSource&) = delete;
  PairSource& operator=(const PairSource&) = delete;
  std::uint32_t operator[](int lane) const { return x_[lane]; }

 private:
  const std::uint32_t* x_;
  Lanes room_;
};

// A pair's products in f64, where those of f16 and bf16 are exact, their sum and that with c in f64
// too, each rounded there where it has to be, and the whole rounded to f32. The card's own order
// and rounding are not published.
inline float dot2_f16(std::uint32_t a, std::uint32_t b, float c) {
  const auto product = [](std::uint32_t x, std::uint32_t y) {
    return static_cast<double>(f16_to_f32(x)) * static_cast<double>(f16_to_f32(y));
  };
  return static_cast<float>(product(a & 0xffffU, b & 0xffffU) + product(a >> 16, b >> 16) +
                            static_cast<double>(c));
}
inline float dot2_bf16(std::uint32_t a, std::uint32_t b, float c) {
  const auto product = [](std::uint32_t x, std::uint32_t y) {
    return static_cast<double>(bf16_to_f32(x)) * static_cast<double>(bf16_to_f32(y));
  };
  return static_cast<float>(product(a & 0xffffU, b & 0xffffU) + product(a >> 16, b >> 16) +
                            static_cast<double>(c));
}

}  // namespace rocmforge::emu
