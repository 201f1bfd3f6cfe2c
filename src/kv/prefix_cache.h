// What filled KV blocks hold: a tree of full blocks, so that who begins with the same tokens need
// not run them again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kv/block_pool.h"

namespace rocmforge::kv {

// A block is known by the block before it and its own tokens, which are compared, all of them: no
// two beginnings are ever taken for one another. Who holds a block holds those before it, and lets
// them go after it, so that a block is never lost before those behind it.
// Allocates nothing after it was made. Not thread-safe.
class PrefixCache final : BlockPool::Keeper {
 public:
  // The pool outlives it.
  PrefixCache(BlockPool& pool, std::int32_t block_tokens);
  ~PrefixCache() { clear(); }
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  // The block that holds `tokens` (one block's, checked) behind `before`, which the cache knows;
  // kNoBlock where a sequence begins. kNoBlock: there is none. It is not retained.
  BlockId find(BlockId before, std::span<const std::int32_t> tokens) const;
  // `block`, which the caller holds, is filled so from now on. To be added once, and only where
  // find() has none.
  void add(BlockId block, BlockId before, std::span<const std::int32_t> tokens);
  // Forgets all.
  void clear();

  std::int32_t n_known() const { return n_known_; }  // blocks, held ones too
  bool knows(BlockId block) const { return at(block).known; }
  BlockId before(BlockId block) const { return at(block).before; }

 private:
  struct Entry {
    bool known = false;
    BlockId before = kNoBlock;
    BlockId next = kNoBlock;    // in its bucket
    std::int32_t n_behind = 0;  // that are known
  };
  void lose(BlockId block) override;
  const Entry& at(BlockId block) const { return entries_[static_cast<std::size_t>(block)]; }
  Entry& at(BlockId block) { return entries_[static_cast<std::size_t>(block)]; }
  std::span<const std::int32_t> tokens_of(BlockId block) const;
  std::size_t bucket(BlockId before, std::span<const std::int32_t> tokens) const;

  BlockPool& pool_;
  std::size_t block_tokens_;
  std::int32_t n_known_ = 0;
  std::vector<Entry> entries_;        // of each block
  std::vector<std::int32_t> tokens_;  // block_tokens_ of each
  std::vector<BlockId> buckets_;      // their first; as many as a power of two
};

}  // namespace rocmforge::kv
