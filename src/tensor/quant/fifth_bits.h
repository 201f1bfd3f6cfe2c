// Codes of 5 bits as Q5_0 and Q5_1 have them: 16 bytes of nibbles, a word of fifth bits.
#pragma once

#include <cstdint>

namespace rocmforge::quant {

inline int code_of_5(const std::uint8_t* q, const std::uint8_t* high, int i) {
  const int low = i < 16 ? q[i] & 15 : q[i - 16] >> 4;
  return low | ((high[i / 8] >> (i % 8)) & 1) << 4;
}

// Into bits that are 0.
inline void put_code_of_5(std::uint8_t* q, std::uint8_t* high, int i, int code) {
  q[i % 16] |= static_cast<std::uint8_t>((code & 15) << (i < 16 ? 0 : 4));
  high[i / 8] |= static_cast<std::uint8_t>((code >> 4) << (i % 8));
}

}  // namespace rocmforge::quant
