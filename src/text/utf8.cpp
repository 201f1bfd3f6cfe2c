#include "text/utf8.h"

#include <cstdint>
#include <cstring>

namespace rocmforge::text {
namespace {

struct Lead {
  std::size_t size;                       // 0: opens no character
  unsigned char second_low, second_high;  // range of the second byte; later ones are 80..BF
};

Lead classify(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xc2) return {0, 0, 0};  // a continuation, or an overlong lead
  if (byte < 0xe0) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};  // below: overlong
  if (byte == 0xed) return {3, 0x80, 0x9f};  // above: surrogates
  if (byte < 0xf0) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte < 0xf4) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};  // above: past U+10FFFF
  return {0, 0, 0};
}

unsigned char byte_at(std::string_view text, std::size_t pos) {
  return static_cast<unsigned char>(text[pos]);
}

}  // namespace

Utf8Step utf8_step(std::string_view text, std::size_t pos) {
  const Lead lead = classify(byte_at(text, pos));
  if (lead.size == 0) return {Utf8Kind::kIllFormed, 1};
  unsigned char low = lead.second_low, high = lead.second_high;
  for (std::size_t i = 1; i < lead.size; ++i) {
    if (pos + i == text.size()) return {Utf8Kind::kIncomplete, i};
    const unsigned char byte = byte_at(text, pos + i);
    if (byte < low || byte > high) return {Utf8Kind::kIllFormed, i};
    low = 0x80;
    high = 0xbf;
  }
  return {Utf8Kind::kCharacter, lead.size};
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t pos = 0;
  while (pos < text.size()) {
    if (pos + 8 <= text.size()) {  // eight ASCII characters at once
      std::uint64_t eight = 0;
      std::memcpy(&eight, text.data() + pos, 8);
      if ((eight & 0x8080808080808080u) == 0) {
        pos += 8;
        continue;
      }
    }
    const Utf8Step step = utf8_step(text, pos);
    if (step.kind != Utf8Kind::kCharacter) return pos;
    pos += step.size;
  }
  return std::string_view::npos;
}

char32_t utf8_decode(std::string_view text, std::size_t pos) {
  const std::size_t size = utf8_size(text[pos]);
  const char32_t lead = byte_at(text, pos);
  if (size == 1) return lead;
  char32_t code = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte_at(text, pos + i) & 0x3fu);
  return code;
}

}  // namespace rocmforge::text
