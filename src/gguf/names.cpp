#include "gguf/names.h"

#include <algorithm>
#include <cstdint>

namespace rocmforge::gguf {
namespace {

// Bytes of the UTF-8 character that starts at text[at]; 0 when there is none (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
std::size_t character_bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<std::uint8_t>(text[at + i]) : std::uint8_t{0};
  };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t n = character_bytes(text, at);
    if (n == 0) return false;
    at += n;
  }
  return true;
}

std::string_view fault_of_name(std::string_view name, std::size_t max_bytes) {
  if (name.empty()) return "is empty";
  if (name.size() > max_bytes) return "is too long";
  if (name.find('\0') != std::string_view::npos) return "contains a NUL";
  if (!is_utf8(name)) return "is not valid UTF-8";
  return {};
}

std::string printable(std::string_view name) {
  constexpr std::size_t kShown = 100;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const char c : name.substr(0, kShown)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 32 && byte < 127) {
      text += c;
    } else {
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
  }
  if (name.size() > kShown) text += "...";
  return text;
}

NameIndex::NameIndex(const std::vector<std::string_view>& names) {
  sorted_.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) sorted_.emplace_back(names[i], i);
  std::sort(sorted_.begin(), sorted_.end());
}

std::optional<std::size_t> NameIndex::find(std::string_view name) const {
  const auto at = std::lower_bound(
      sorted_.begin(), sorted_.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  if (at == sorted_.end() || at->first != name) return std::nullopt;
  return at->second;
}

std::optional<std::pair<std::size_t, std::size_t>> NameIndex::duplicate() const {
  std::optional<std::pair<std::size_t, std::size_t>> first;
  for (std::size_t i = 1; i < sorted_.size(); ++i) {
    if (sorted_[i].first != sorted_[i - 1].first) continue;
    if (!first || sorted_[i].second < first->second) {
      first = {sorted_[i - 1].second, sorted_[i].second};
    }
  }
  return first;
}

}  // namespace rocmforge::gguf
