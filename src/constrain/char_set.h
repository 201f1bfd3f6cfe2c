// A set of code points, and the byte sequences that spell it in UTF-8.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rocmforge::constrain {

inline constexpr char32_t kLastCodePoint = 0x10ffff;

// Code points but for surrogates, which no text holds.
class CharSet {
 public:
  using Range = std::pair<char32_t, char32_t>;  // both included

  CharSet() = default;
  CharSet(std::initializer_list<Range> ranges) {
    for (const Range& range : ranges) add(range.first, range.second);
  }
  static CharSet any() { return {{0, kLastCodePoint}}; }

  void add(char32_t first, char32_t last);
  void add(char32_t c) { add(c, c); }
  void add(const CharSet& other);
  CharSet inverted() const;
  CharSet intersected(const CharSet& other) const;
  CharSet without(const CharSet& other) const { return intersected(other.inverted()); }

  bool contains(char32_t c) const;
  bool empty() const { return ranges_.empty(); }
  bool operator==(const CharSet&) const = default;
  // Sorted, none touches the next.
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<Range> ranges_;
};

// Byte ranges, one behind the other: what they spell together are whole characters.
struct Utf8Sequence {
  std::array<std::pair<std::uint8_t, std::uint8_t>, 4> bytes{};
  int size = 0;
};

// The sequences that spell the set, in order. Of two, the ranges at the first place where they
// differ have no byte in common.
std::vector<Utf8Sequence> utf8_sequences(const CharSet& set);

std::string utf8_encode(char32_t c);

}  // namespace rocmforge::constrain
