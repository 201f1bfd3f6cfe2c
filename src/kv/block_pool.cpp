#include "kv/block_pool.h"

#include <numeric>

#include "base/check.h"

namespace rocmforge::kv {

BlockPool::BlockPool(std::int32_t n_blocks) {
  check(n_blocks > 0, "a block pool needs a block");
  blocks_.resize(static_cast<std::size_t>(n_blocks));
  free_.resize(static_cast<std::size_t>(n_blocks));
  std::iota(free_.rbegin(), free_.rend(), 0);  // 0 on top
}

std::optional<BlockId> BlockPool::acquire() {
  if (free_.empty()) {
    if (oldest_ == kNoBlock) return std::nullopt;
    const BlockId block = oldest_;
    unlink_filled(block);
    at(block).marked = false;
    at(block).references = 1;
    keeper_->lose(block);
    return block;
  }
  const BlockId block = free_.back();
  free_.pop_back();
  at(block).references = 1;
  return block;
}

void BlockPool::retain(BlockId block) {
  Block& b = at(block);
  check(b.references > 0 || b.marked, "retain of a free KV block");
  if (b.references == 0) unlink_filled(block);
  ++b.references;
}

void BlockPool::release(BlockId block) {
  Block& b = at(block);
  check(b.references > 0, "release of a free KV block");
  if (--b.references > 0) return;
  if (b.marked) {
    push_filled(block);
  } else {
    free_.push_back(block);
  }
}

std::int32_t BlockPool::references(BlockId block) const {
  check(block >= 0 && block < n_blocks(), "KV block out of range");
  return blocks_[static_cast<std::size_t>(block)].references;
}

void BlockPool::mark(BlockId block, Keeper& keeper) {
  check(references(block) > 0, "mark of a free KV block");
  check(keeper_ == nullptr || keeper_ == &keeper || n_filled_ == 0, "two keepers of one pool");
  keeper_ = &keeper;
  at(block).marked = true;
}

void BlockPool::unmark(BlockId block) {
  Block& b = at(block);
  if (!b.marked) return;
  b.marked = false;
  if (b.references > 0) return;
  unlink_filled(block);
  free_.push_back(block);
}

BlockPool::Block& BlockPool::at(BlockId block) {
  check(block >= 0 && block < n_blocks(), "KV block out of range");
  return blocks_[static_cast<std::size_t>(block)];
}

void BlockPool::push_filled(BlockId block) {
  Block& b = at(block);
  b.older = newest_;
  b.newer = kNoBlock;
  (newest_ == kNoBlock ? oldest_ : at(newest_).newer) = block;
  newest_ = block;
  ++n_filled_;
}

void BlockPool::unlink_filled(BlockId block) {
  const Block& b = at(block);
  (b.older == kNoBlock ? oldest_ : at(b.older).newer) = b.newer;
  (b.newer == kNoBlock ? newest_ : at(b.newer).older) = b.older;
  --n_filled_;
}

}  // namespace rocmforge::kv
