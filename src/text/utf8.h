// UTF-8, as Unicode 15 section 3.9 defines it: no surrogates, no overlong forms, at most U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace rocmforge::text {

enum class Utf8Kind {
  kCharacter,   // one whole character
  kIncomplete,  // the text ends within a character that is well-formed so far
  kIllFormed    // bytes that begin no character, whatever follows
};

struct Utf8Step {
  Utf8Kind kind;
  std::size_t size;  // bytes it spans, >= 1; an ill-formed part is maximal
};

// What stands at `pos`, which must be < text.size().
Utf8Step utf8_step(std::string_view text, std::size_t pos);

// Offset of the first byte that is not part of a whole character; npos when all is well-formed.
std::size_t find_invalid_utf8(std::string_view text);

// Bytes of the character that `lead` opens, in well-formed text.
inline std::size_t utf8_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// The code point at `pos` of well-formed text.
char32_t utf8_decode(std::string_view text, std::size_t pos);

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

}  // namespace rocmforge::text
