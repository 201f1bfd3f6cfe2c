// Byte ranges of one arena, given out and taken back while a plan is made.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

#include "base/check.h"

namespace rocmforge::ir {

class Arena {
 public:
  // `begin` and every size are multiples of `align`.
  Arena(std::int64_t begin, std::int64_t align) : align_(align), top_(round_up(begin)) {}

  // The smallest free range that is large enough; else the arena grows, from its last free range.
  std::int64_t take(std::int64_t bytes) {
    bytes = round_up(bytes);
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->second >= bytes && (best == free_.end() || it->second < best->second)) best = it;
    }
    if (best == free_.end()) return grow(bytes);
    const auto [offset, size] = *best;
    free_.erase(best);
    if (size > bytes) free_[offset + bytes] = size - bytes;
    return offset;
  }

  void give_back(std::int64_t offset, std::int64_t bytes) {
    bytes = round_up(bytes);
    auto next = free_.lower_bound(offset);
    check(next == free_.end() || offset + bytes <= next->first, "arena: given back twice");
    if (next != free_.end() && next->first == offset + bytes) {
      bytes += next->second;
      next = free_.erase(next);
    }
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      check(before->first + before->second <= offset, "arena: given back twice");
      if (before->first + before->second == offset) {
        before->second += bytes;
        return;
      }
    }
    free_[offset] = bytes;
  }

  std::int64_t bytes() const { return top_; }

 private:
  std::int64_t round_up(std::int64_t bytes) const { return (bytes + align_ - 1) / align_ * align_; }

  std::int64_t grow(std::int64_t bytes) {
    std::int64_t offset = top_;
    if (!free_.empty()) {
      const auto last = std::prev(free_.end());
      if (last->first + last->second == top_) {
        offset = last->first;
        free_.erase(last);
      }
    }
    top_ = offset + bytes;
    return offset;
  }

  std::int64_t align_;
  std::int64_t top_;
  std::map<std::int64_t, std::int64_t> free_;  // offset -> bytes, neighbours joined
};

}  // namespace rocmforge::ir
