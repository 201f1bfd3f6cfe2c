// A set of places that finds the next one of it in constant time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rocmforge::text {

class SparseBits {
 public:
  explicit SparseBits(std::size_t n) : n_(n) {
    do {
      n = n / 64 + 1;
      levels_.emplace_back(n);
    } while (n > 1);
  }

  bool operator[](std::size_t i) const { return (levels_[0][i / 64] >> i % 64 & 1U) != 0; }

  void set(std::size_t i) {
    for (auto& level : levels_) {  // a bit above for each word that is not 0
      const bool is_new = level[i / 64] == 0;
      level[i / 64] |= std::uint64_t{1} << i % 64;
      if (!is_new) return;
      i /= 64;
    }
  }

  // The first of the set at or after i; n when there is none.
  std::size_t next(std::size_t i) const {
    for (std::size_t l = 0; l < levels_.size() && i / 64 < levels_[l].size(); ++l) {
      const std::uint64_t rest = levels_[l][i / 64] >> i % 64;
      if (rest == 0) {
        i = i / 64 + 1;
        continue;
      }
      i += static_cast<std::size_t>(std::countr_zero(rest));
      while (l-- > 0) i = 64 * i + static_cast<std::size_t>(std::countr_zero(levels_[l][i]));
      return i;
    }
    return n_;
  }

 private:
  std::size_t n_;
  std::vector<std::vector<std::uint64_t>> levels_;
};

}  // namespace rocmforge::text
