// Texts on which splits come to their borders, made of random bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rocmforge::test {

inline void put_utf8(std::string& text, char32_t code) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// A character a byte: those that some pattern names, and one or two of each general category and of
// each length. All are of Unicode 14 or older, so that every library knows them.
inline std::string split_text(std::span<const std::uint8_t> bytes) {
  constexpr std::array<char32_t, 93> kCharacters = {
      U' ',    U' ',    U' ',    U' ',    U'\n',   U'\n',  U'\r',  U'\t',  U'\'',  U'\'',  U's',
      U't',    U'r',    U'e',    U'v',    U'l',    U'm',   U'd',   U'S',   U'T',   U'R',   U'E',
      U'V',    U'L',    U'M',    U'D',    U'a',    U'z',   U'A',   U'Z',   U'1',   U'2',   U'9',
      U'0',    U'/',    U'.',    U'!',    U'$',    U'+',   U'<',   U'`',   U'^',   U'~',   U'|',
      U'(',    U'_',    U'-',    U'\v',   0x1,     0x7f,   0x85,   0xa0,   0xad,   0xb2,   0xbd,
      0xe9,    0xc9,    0x17f,   0x130,   0x1c5,   0x2b0,  0x294,  0x301,  0x378,  0x660,  0x903,
      0x10d0,  0x1680,  0x180e,  0x2003,  0x200b,  0x2018, 0x2028, 0x20ac, 0x20dd, 0x2160, 0x212a,
      0x3000,  0x3001,  0x3042,  0x30a2,  0x4e00,  0x9fa5, 0x9fa6, 0xac00, 0xe000, 0xff01, 0xff21,
      0x10400, 0x1d7ce, 0x1f600, 0x20000, 0x10fffd};
  std::string text;
  for (const std::uint8_t byte : bytes) put_utf8(text, kCharacters[byte % kCharacters.size()]);
  return text;
}

}  // namespace rocmforge::test
