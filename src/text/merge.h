// The merge loop that both tokenizers share: of all neighbours that may merge, always the pair of
// best rank, the leftmost of equals, until none is left. O(n log n) for n symbols.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>
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

// Positions by rank: the smallest rank first, then the smallest position. Positions of one rank
// mostly arrive in order, and then cost O(1) each, whatever their number.
class RankQueue {
 public:
  bool empty() const { return ranks_.empty(); }
  void push(std::uint32_t rank, std::uint32_t position);
  // Takes the first out.
  std::pair<std::uint32_t, std::uint32_t> pop();

 private:
  struct Bucket {
    std::vector<std::uint32_t> in_order;  // ascending, from `taken` on
    std::size_t taken = 0;
    std::vector<std::uint32_t> late;  // a heap
    bool empty() const { return taken == in_order.size() && late.empty(); }
  };
  std::unordered_map<std::uint32_t, Bucket> buckets_;  // none is empty
  std::vector<std::uint32_t> ranks_;                   // of the buckets, a heap
};

// Working memory, reused from one run to the next.
class Merger {
 public:
  void clear() { nodes_.clear(); }
  void reserve(std::size_t n) { nodes_.reserve(n); }
  void add(const Symbol& symbol) { nodes_.push_back({symbol, 0, 0, {}}); }

  // `find(left, right)` gives the Merge of two neighbours; `emit(symbol)` takes what remains, from
  // left to right.
  template <class Find, class Emit>
  void run(const Find& find, const Emit& emit) {
    const auto n = static_cast<std::int32_t>(nodes_.size());
    for (std::int32_t i = 0; i < n; ++i) {
      nodes_[index(i)].previous = i - 1;
      nodes_[index(i)].next = i + 1 < n ? i + 1 : kEnd;
      if (i > 0) look(i - 1, find);
    }
    if (n <= kFew) {
      merge_few(find);
    } else {
      merge_many(find);
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
  template <class Find>
  void look(std::int32_t i, const Find& find) {
    Node& node = nodes_[index(i)];
    node.merge = node.next == kEnd ? Merge{} : find(node.symbol, nodes_[index(node.next)].symbol);
  }

  // Up to here looking through all pairs is quicker than keeping a queue.
  static constexpr std::int32_t kFew = 32;

  template <class Find>
  void merge_few(const Find& find) {
    for (;;) {
      std::int32_t best = kEnd;
      std::uint32_t rank = kNoMerge;
      for (std::int32_t i = nodes_.empty() ? kEnd : 0; i != kEnd; i = nodes_[index(i)].next)
        if (nodes_[index(i)].merge.rank < rank) {
          best = i;
          rank = nodes_[index(i)].merge.rank;
        }
      if (best == kEnd) return;
      join(best);
      look(best, find);
      if (nodes_[index(best)].previous != kEnd) look(nodes_[index(best)].previous, find);
    }
  }

  template <class Find>
  void merge_many(const Find& find) {
    RankQueue queue;
    const auto push = [&](std::int32_t i) {
      const std::uint32_t rank = nodes_[index(i)].merge.rank;
      if (rank != kNoMerge) queue.push(rank, static_cast<std::uint32_t>(i));
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) push(static_cast<std::int32_t>(i));
    while (!queue.empty()) {
      const auto [rank, position] = queue.pop();
      const auto left = static_cast<std::int32_t>(position);
      // An entry whose pair has changed since is stale; a swallowed symbol has no merge.
      if (nodes_[index(left)].merge.rank != rank) continue;
      join(left);
      look(left, find);
      push(left);
      if (const std::int32_t previous = nodes_[index(left)].previous; previous != kEnd) {
        look(previous, find);
        push(previous);
      }
    }
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
};

}  // namespace rocmforge::text
