// The merge loop that both tokenizers share: of all neighbours that may merge, always the pair of
// best rank, the leftmost of equals, until none is left. O(n log n) for n symbols.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "text/vocab.h"

namespace rocmforge::text {

inline constexpr std::uint32_t kNoMerge = std::numeric_limits<std::uint32_t>::max();

struct Merge {
  std::uint32_t rank = kNoMerge;  // the smallest first
  TokenId id = kNoToken;          // what the pair becomes
};

struct Symbol {
  TokenId id;                // kNoToken: no token of its own
  std::uint32_t begin, end;  // bytes of the text it spans
};

// Working memory, reused from one run to the next.
class Merger {
 public:
  void clear() { nodes_.clear(); }
  void add(const Symbol& symbol) { nodes_.push_back({symbol, 0, 0, {}}); }

  // `find(left, right)` gives the Merge of two neighbours; `emit(symbol)` takes what remains, from
  // left to right.
  template <class Find, class Emit>
  void run(const Find& find, const Emit& emit) {
    const auto n = static_cast<std::int32_t>(nodes_.size());
    heap_.clear();
    for (std::int32_t i = 0; i < n; ++i) {
      nodes_[index(i)].previous = i - 1;
      nodes_[index(i)].next = i + 1 < n ? i + 1 : kEnd;
    }
    for (std::int32_t i = 0; i + 1 < n; ++i) {
      look(i, find);
      if (nodes_[index(i)].merge.rank != kNoMerge) heap_.push_back(entry(i));
    }
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
    while (!heap_.empty()) {
      const std::uint64_t best = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      const auto left = static_cast<std::int32_t>(best & 0xffffffffu);
      // An entry whose pair has changed since is stale; a swallowed symbol has no merge.
      if (nodes_[index(left)].merge.rank != best >> 32) continue;
      join(left);
      push(left, find);
      if (nodes_[index(left)].previous != kEnd) push(nodes_[index(left)].previous, find);
    }
    for (std::int32_t i = n > 0 ? 0 : kEnd; i != kEnd; i = nodes_[index(i)].next)
      emit(nodes_[index(i)].symbol);
  }

 private:
  static constexpr std::int32_t kEnd = -1;
  struct Node {
    Symbol symbol;
    std::int32_t previous, next;
    Merge merge;  // with the next
  };

  static std::size_t index(std::int32_t i) { return static_cast<std::size_t>(i); }
  // Rank above, position below: the smallest entry is the best rank, leftmost.
  std::uint64_t entry(std::int32_t i) const {
    return std::uint64_t{nodes_[index(i)].merge.rank} << 32 | static_cast<std::uint32_t>(i);
  }

  template <class Find>
  void look(std::int32_t i, const Find& find) {
    Node& node = nodes_[index(i)];
    node.merge = node.next == kEnd ? Merge{} : find(node.symbol, nodes_[index(node.next)].symbol);
  }

  template <class Find>
  void push(std::int32_t i, const Find& find) {
    look(i, find);
    if (nodes_[index(i)].merge.rank == kNoMerge) return;
    heap_.push_back(entry(i));
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  // Lets `left` swallow its next.
  void join(std::int32_t left) {
    Node& node = nodes_[index(left)];
    Node& gone = nodes_[index(node.next)];
    node.symbol.id = node.merge.id;
    node.symbol.end = gone.symbol.end;
    gone.merge = {};
    node.next = gone.next;
    if (node.next != kEnd) nodes_[index(node.next)].previous = left;
  }

  std::vector<Node> nodes_;
  std::vector<std::uint64_t> heap_;
};

}  // namespace rocmforge::text
