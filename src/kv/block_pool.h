// Which KV blocks are free, and who holds the others: integers only, no memory.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace rocmforge::kv {

using BlockId = std::int32_t;

// Counts references, so that sequences with a common beginning can share its blocks.
// Not thread-safe: the scheduler's thread owns it.
class BlockPool {
 public:
  explicit BlockPool(std::int32_t n_blocks);

  std::int32_t n_blocks() const { return static_cast<std::int32_t>(references_.size()); }
  std::int32_t n_free() const { return static_cast<std::int32_t>(free_.size()); }

  // A free block with one reference; nullopt when there is none. The block freed last comes first:
  // its memory is the likeliest to be in a cache.
  std::optional<BlockId> acquire();
  void retain(BlockId block);   // one more reference to a held block (checked)
  void release(BlockId block);  // one less; free again at zero
  std::int32_t references(BlockId block) const;

 private:
  std::vector<std::int32_t> references_;
  std::vector<BlockId> free_;
};

}  // namespace rocmforge::kv
