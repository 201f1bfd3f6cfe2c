#include "kv/block_table.h"

#include <utility>

#include "base/check.h"

namespace rocmforge::kv {

BlockTable::BlockTable(BlockPool& pool, std::int32_t block_tokens, std::int32_t most_tokens)
    : pool_(&pool), tokens_(block_tokens) {
  blocks_.reserve(static_cast<std::size_t>((most_tokens + block_tokens - 1) / block_tokens));
}

BlockTable::BlockTable(BlockTable&& other) noexcept
    : pool_(other.pool_), tokens_(other.tokens_), blocks_(std::exchange(other.blocks_, {})) {}

bool BlockTable::reserve(std::int32_t n_tokens) {
  check(n_tokens >= 0, "a sequence has no negative length");
  const auto wanted = static_cast<std::size_t>((n_tokens + tokens_ - 1) / tokens_);
  if (wanted <= blocks_.size()) return true;
  if (wanted - blocks_.size() > static_cast<std::size_t>(pool_->n_free())) return false;
  while (blocks_.size() < wanted) blocks_.push_back(*pool_->acquire());
  return true;
}

void BlockTable::truncate(std::int32_t n_tokens) {
  const auto wanted = static_cast<std::size_t>((n_tokens + tokens_ - 1) / tokens_);
  while (blocks_.size() > wanted) {
    pool_->release(blocks_.back());
    blocks_.pop_back();
  }
}

void BlockTable::share(std::size_t index, BlockId block) {
  check(index <= blocks_.size(), "a block behind those of the sequence");
  pool_->retain(block);
  if (index == blocks_.size()) {
    blocks_.push_back(block);
  } else {
    pool_->release(blocks_[index]);
    blocks_[index] = block;
  }
}

std::int32_t BlockTable::slot(std::int32_t position) const {
  check(position >= 0 && position < capacity(), "position without a KV block");
  return blocks_[static_cast<std::size_t>(position / tokens_)] * tokens_ + position % tokens_;
}

}  // namespace rocmforge::kv
