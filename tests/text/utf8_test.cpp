#include "text/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace rocmforge::text {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::string encode(char32_t code) {
  std::string out;
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return out;
}

TEST(Utf8, EveryCodePointIsOneCharacterAndNoSurrogateIs) {
  for (char32_t code = 0; code < 0x110000; ++code) {
    const std::string text = encode(code);
    if (code >= 0xd800 && code < 0xe000) {
      ASSERT_EQ(find_invalid_utf8(text), 0u) << static_cast<std::uint32_t>(code);
      continue;
    }
    ASSERT_EQ(find_invalid_utf8(text), kNone) << static_cast<std::uint32_t>(code);
    ASSERT_EQ(utf8_decode(text, 0), code);
    ASSERT_EQ(utf8_size(text[0]), text.size());
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8(""), kNone);
  EXPECT_EQ(find_invalid_utf8("eight or more ASCII characters"), kNone);
  EXPECT_EQ(find_invalid_utf8("eight or more \xff characters"), 14u);
  EXPECT_EQ(find_invalid_utf8("a\x80"), 1u);             // a continuation alone
  EXPECT_EQ(find_invalid_utf8("\xc0\xaf"), 0u);          // overlong
  EXPECT_EQ(find_invalid_utf8("\xe0\x80\xaf"), 0u);      // overlong
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0u);  // past U+10FFFF
  EXPECT_EQ(find_invalid_utf8("ab\xe2\x82"), 2u);        // cut short
  EXPECT_EQ(find_invalid_utf8(std::string_view("\0\0", 2)), kNone);
}

TEST(Utf8, IllFormedPartsAreMaximal) {
  // The example of Unicode 15, table 3-8.
  const std::string_view text = "\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63";
  EXPECT_EQ(utf8_step(text, 1).size, 3u);
  EXPECT_EQ(utf8_step(text, 4).size, 2u);
  EXPECT_EQ(utf8_step(text, 6).size, 1u);
  EXPECT_EQ(utf8_step(text, 8).size, 1u);
  for (const std::size_t pos : {1u, 4u, 6u, 8u})
    EXPECT_EQ(utf8_step(text, pos).kind, Utf8Kind::kIllFormed) << pos;
  EXPECT_EQ(utf8_step("\xf1\x80", 0).kind, Utf8Kind::kIncomplete);
}

}  // namespace
}  // namespace rocmforge::text
