#include "constrain/char_set.h"

#include <algorithm>

namespace rocmforge::constrain {
namespace {

constexpr char32_t kFirstSurrogate = 0xd800, kLastSurrogate = 0xdfff;

int encode(char32_t c, std::uint8_t* out) {
  if (c < 0x80) {
    out[0] = static_cast<std::uint8_t>(c);
    return 1;
  }
  const int size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (int i = size - 1; i > 0; --i, c >>= 6) {
    out[i] = static_cast<std::uint8_t>(0x80 | (c & 0x3f));
  }
  constexpr std::array<int, 5> kLead = {0, 0, 0xc0, 0xe0, 0xf0};
  out[0] = static_cast<std::uint8_t>(kLead[static_cast<std::size_t>(size)] | static_cast<int>(c));
  return size;
}

// [first, last] of one encoded size, cut where a prefix of bytes has not all of what follows it.
void split(char32_t first, char32_t last, std::vector<Utf8Sequence>& out) {
  std::array<std::uint8_t, 4> low{}, high{};
  const int size = encode(first, low.data());
  encode(last, high.data());
  for (int i = 1; i < size; ++i) {
    const char32_t mask = (char32_t{1} << (6 * i)) - 1;  // the last i bytes
    if ((first & ~mask) == (last & ~mask)) break;
    if ((first & mask) != 0) {
      split(first, first | mask, out);
      split((first | mask) + 1, last, out);
      return;
    }
    if ((last & mask) != mask) {
      split(first, (last & ~mask) - 1, out);
      split(last & ~mask, last, out);
      return;
    }
  }
  Utf8Sequence sequence;
  sequence.size = size;
  for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
    sequence.bytes[i] = {low[i], high[i]};
  }
  out.push_back(sequence);
}

}  // namespace

void CharSet::add(char32_t first, char32_t last) {
  last = std::min(last, kLastCodePoint);
  if (first > last) return;
  if (first <= kLastSurrogate && last >= kFirstSurrogate) {
    if (first < kFirstSurrogate) add(first, kFirstSurrogate - 1);
    if (last > kLastSurrogate) add(kLastSurrogate + 1, last);
    return;
  }
  // The first range that touches or follows the new one.
  auto at = std::lower_bound(ranges_.begin(), ranges_.end(), first,
                             [](const Range& r, char32_t c) { return r.second + 1 < c; });
  auto end = at;
  for (; end != ranges_.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->second);
  }
  at = ranges_.erase(at, end);
  ranges_.insert(at, {first, last});
}

void CharSet::add(const CharSet& other) {
  for (const auto& [first, last] : other.ranges_) add(first, last);
}

CharSet CharSet::inverted() const {
  CharSet out;
  char32_t next = 0;
  for (const auto& [first, last] : ranges_) {
    if (next < first) out.add(next, first - 1);
    next = last + 1;
  }
  out.add(next, kLastCodePoint);
  return out;
}

CharSet CharSet::intersected(const CharSet& other) const {
  CharSet out;
  for (std::size_t i = 0, j = 0; i < ranges_.size() && j < other.ranges_.size();) {
    const Range &a = ranges_[i], &b = other.ranges_[j];
    const char32_t first = std::max(a.first, b.first), last = std::min(a.second, b.second);
    if (first <= last) out.ranges_.push_back({first, last});
    (a.second < b.second ? i : j) += 1;
  }
  return out;
}

bool CharSet::contains(char32_t c) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [c](const Range& r) { return r.first <= c && c <= r.second; });
}

std::vector<Utf8Sequence> utf8_sequences(const CharSet& set) {
  std::vector<Utf8Sequence> out;
  constexpr std::array<char32_t, 4> kLastOfSize = {0x7f, 0x7ff, 0xffff, kLastCodePoint};
  for (auto [first, last] : set.ranges()) {
    for (const char32_t most : kLastOfSize) {
      if (first > most || first > last) continue;
      split(first, std::min(last, most), out);
      first = most + 1;
    }
  }
  return out;
}

std::string utf8_encode(char32_t c) {
  std::array<std::uint8_t, 4> bytes{};
  const int size = encode(c, bytes.data());
  std::string out;
  for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
    out.push_back(static_cast<char>(bytes[i]));
  }
  return out;
}

}  // namespace rocmforge::constrain
