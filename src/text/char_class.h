// What a character is, by its general category in Unicode 15.1: what pre-tokenizers ask.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/utf8.h"

namespace rocmforge::text {

// One bit a class; white space (the property White_Space) may be of another class besides.
inline constexpr std::uint8_t kLetter = 1, kMark = 2, kNumber = 4, kPunctuation = 8, kSymbol = 16,
                              kSpace = 32;

class CharClasses {
 public:
  static const CharClasses& get();

  std::uint8_t of(char32_t code) const {
    return code < 128 ? ascii_[code] : pages_[page_of_[code >> 8]][code & 0xff];
  }
  // Of the character at `pos` of well-formed text; 0 at the text's end.
  std::uint8_t at(std::string_view text, std::size_t pos) const {
    if (pos >= text.size()) return 0;
    const auto byte = static_cast<unsigned char>(text[pos]);
    return byte < 128 ? ascii_[byte] : of(utf8_decode(text, pos));
  }

 private:
  CharClasses();
  using Page = std::array<std::uint8_t, 256>;
  std::array<std::uint8_t, 128> ascii_{};
  std::array<std::uint8_t, 0x1100> page_of_{};  // most pages are alike
  std::vector<Page> pages_;
};

}  // namespace rocmforge::text
