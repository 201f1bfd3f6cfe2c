#include "kv/block_pool.h"

#include <numeric>

#include "base/check.h"

namespace rocmforge::kv {

BlockPool::BlockPool(std::int32_t n_blocks) {
  check(n_blocks > 0, "a block pool needs a block");
  references_.resize(static_cast<std::size_t>(n_blocks));
  free_.resize(static_cast<std::size_t>(n_blocks));
  std::iota(free_.rbegin(), free_.rend(), 0);  // 0 on top
}

std::optional<BlockId> BlockPool::acquire() {
  if (free_.empty()) return std::nullopt;
  const BlockId block = free_.back();
  free_.pop_back();
  references_[static_cast<std::size_t>(block)] = 1;
  return block;
}

void BlockPool::retain(BlockId block) {
  check(references(block) > 0, "retain of a free KV block");
  ++references_[static_cast<std::size_t>(block)];
}

void BlockPool::release(BlockId block) {
  check(references(block) > 0, "release of a free KV block");
  if (--references_[static_cast<std::size_t>(block)] == 0) free_.push_back(block);
}

std::int32_t BlockPool::references(BlockId block) const {
  check(block >= 0 && block < n_blocks(), "KV block out of range");
  return references_[static_cast<std::size_t>(block)];
}

}  // namespace rocmforge::kv
