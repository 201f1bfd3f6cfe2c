// The blocks of one sequence, in the order of its positions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kv/block_pool.h"

namespace rocmforge::kv {

// Holds its blocks until it is cleared or destroyed. The pool outlives it.
class BlockTable {
 public:
  // Growing to `most_tokens` positions allocates no memory.
  BlockTable(BlockPool& pool, std::int32_t block_tokens, std::int32_t most_tokens = 0);
  ~BlockTable() { clear(); }
  BlockTable(BlockTable&& other) noexcept;
  BlockTable& operator=(BlockTable&&) = delete;

  // Makes room for positions [0, n_tokens); false, and nothing taken, when the pool cannot.
  bool reserve(std::int32_t n_tokens);
  // Gives back the blocks that positions [0, n_tokens) do not need, the last one first.
  void truncate(std::int32_t n_tokens);
  void clear() { truncate(0); }
  // `block`, which holds the same, in place of the one at `index`, or behind the last one: it gets
  // a reference of this table's.
  void share(std::size_t index, BlockId block);

  // Positions there is room for.
  std::int32_t capacity() const { return static_cast<std::int32_t>(blocks_.size()) * tokens_; }
  // Where a position's K and V lie: block * block_tokens + place in it. Checked.
  std::int32_t slot(std::int32_t position) const;
  std::span<const BlockId> blocks() const { return blocks_; }

 private:
  BlockPool* pool_;
  std::int32_t tokens_;
  std::vector<BlockId> blocks_;
};

}  // namespace rocmforge::kv
