#include "text/byte_alphabet.h"

#include <array>
#include <cstddef>

#include "text/utf8.h"

namespace rocmforge::text {
namespace {

constexpr std::size_t kLetters = 0x144;  // code points below this may stand for a byte

struct Alphabet {
  std::array<char32_t, 256> letter{};
  std::array<int, kLetters> byte{};
};

constexpr Alphabet make_alphabet() {
  Alphabet a;
  a.byte.fill(-1);
  char32_t next = 0x100;
  for (std::size_t b = 0; b < 256; ++b) {
    const bool printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
    a.letter[b] = printable ? static_cast<char32_t>(b) : next++;
    a.byte[a.letter[b]] = static_cast<int>(b);
  }
  return a;
}
constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string byte_to_letter(unsigned char byte) {
  const char32_t code = kAlphabet.letter[byte];
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
}

std::optional<std::string> spelled_bytes(std::string_view token) {
  std::string bytes;
  for (std::size_t pos = 0; pos < token.size();) {
    const Utf8Step step = utf8_step(token, pos);
    if (step.kind != Utf8Kind::kCharacter) return std::nullopt;
    const char32_t code = utf8_decode(token, pos);
    if (code >= kLetters || kAlphabet.byte[code] < 0) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte[code]);
    pos += step.size;
  }
  return bytes;
}

}  // namespace rocmforge::text
