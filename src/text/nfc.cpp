#include "text/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "text/utf8.h"

namespace rocmforge::text {
namespace {

constexpr char32_t kFirstMark = 0x300;  // below, every character is its own form C

int combining_class(utf8proc_int32_t code) {
  return utf8proc_get_property(code)->combining_class;
}

// Marks in the order of their classes, those of one class as they stood. (utf8proc's own sorting
// takes quadratic time.)
void order_marks(std::vector<utf8proc_int32_t>& codes) {
  for (std::size_t i = 0; i < codes.size();) {
    std::size_t end = i;
    while (end < codes.size() && combining_class(codes[end]) != 0) ++end;
    // Their place decides between those of one class.
    std::vector<std::pair<int, std::size_t>> order;
    for (std::size_t k = i; k < end; ++k) order.emplace_back(combining_class(codes[k]), k);
    std::sort(order.begin(), order.end());
    std::vector<utf8proc_int32_t> sorted;
    for (const auto& mark : order) sorted.push_back(codes[mark.second]);
    std::copy(sorted.begin(), sorted.end(), codes.begin() + static_cast<std::ptrdiff_t>(i));
    i = end + 1;
  }
}

}  // namespace

std::string to_nfc(std::string_view text) {
  bool plain = true;
  for (std::size_t pos = 0; pos < text.size() && plain; pos += utf8_size(text[pos]))
    plain = static_cast<unsigned char>(text[pos]) < 0xcc || utf8_decode(text, pos) < kFirstMark;
  if (plain) return std::string(text);

  std::vector<utf8proc_int32_t> codes;
  codes.reserve(text.size());
  for (std::size_t pos = 0; pos < text.size(); pos += utf8_size(text[pos])) {
    std::array<utf8proc_int32_t, 8> parts{};  // no character decomposes to more than 4
    int last_class = 0;
    const auto n = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(utf8_decode(text, pos)), parts.data(),
        static_cast<utf8proc_ssize_t>(parts.size()), UTF8PROC_DECOMPOSE, &last_class);
    check(n >= 0 && n <= static_cast<utf8proc_ssize_t>(parts.size()), "a character decomposes");
    codes.insert(codes.end(), parts.begin(), parts.begin() + n);
  }
  order_marks(codes);
  const auto n =
      utf8proc_normalize_utf32(codes.data(), static_cast<utf8proc_ssize_t>(codes.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  check(n >= 0, "the characters compose");
  std::string out;
  out.reserve(text.size());
  std::array<utf8proc_uint8_t, 4> bytes{};
  for (utf8proc_ssize_t i = 0; i < n; ++i) {
    const auto size = utf8proc_encode_char(codes[static_cast<std::size_t>(i)], bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
  }
  return out;
}

}  // namespace rocmforge::text
