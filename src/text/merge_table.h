// Which neighbours merge to what, by a list of merges.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "text/merge.h"
#include "text/vocab.h"

namespace rocmforge::text {

// (left, right) -> Merge, in one flat table.
class MergeTable {
 public:
  MergeTable() : MergeTable(0) {}
  explicit MergeTable(std::size_t n);

  // The first of equal pairs stays.
  void insert(TokenId left, TokenId right, const Merge& merge) {
    Slot& slot = slots_[locate(key(left, right))];
    if (slot.key == kFree) slot = {key(left, right), merge};
  }
  Merge find(TokenId left, TokenId right) const {
    return slots_[locate(key(left, right))].merge;  // a free slot holds no merge
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };
  static std::uint64_t key(TokenId left, TokenId right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 |
           static_cast<std::uint32_t>(right);
  }
  // The slot of `key`, or the free one where it would go.
  std::size_t locate(std::uint64_t key) const {
    std::size_t i = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 20);
    for (;; ++i) {
      i &= slots_.size() - 1;
      if (slots_[i].key == key || slots_[i].key == kFree) return i;
    }
  }
  std::vector<Slot> slots_;
};

// vocab.merges, in their order. `find` gives the id of a token's text, or kNoToken. Error{kFormat}
// naming an entry that is not two tokens, or that makes none.
MergeTable read_merges(const Vocab& vocab, const std::function<TokenId(std::string_view)>& find);

}  // namespace rocmforge::text
