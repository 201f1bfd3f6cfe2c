// Which KV blocks are free, and who holds the others: integers only, no memory.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace rocmforge::kv {

using BlockId = std::int32_t;
inline constexpr BlockId kNoBlock = -1;

// Counts references, so that sequences with a common beginning can share its blocks. A block that
// is marked stays filled when its last reference goes, for who may ask for it again, until no other
// is free: the one that was let go the longest ago is given out first.
// Not thread-safe: the scheduler's thread owns it.
class BlockPool {
 public:
  // Told when a marked block is given out: what it held is no more.
  class Keeper {
   public:
    virtual void lose(BlockId block) = 0;

   protected:
    ~Keeper() = default;
  };

  explicit BlockPool(std::int32_t n_blocks);

  std::int32_t n_blocks() const { return static_cast<std::int32_t>(blocks_.size()); }
  // That nobody holds, the filled ones among them.
  std::int32_t n_free() const { return static_cast<std::int32_t>(free_.size()) + n_filled_; }
  std::int32_t n_filled() const { return n_filled_; }

  // A free block with one reference; nullopt when there is none. Of those not filled the one freed
  // last comes first: its memory is the likeliest to be in a cache.
  std::optional<BlockId> acquire();
  void retain(BlockId block);   // one more reference to a held or filled block (checked)
  void release(BlockId block);  // one less; free again at zero
  std::int32_t references(BlockId block) const;

  // Marks a held block (checked). The keeper is the same for all, and outlives its marks.
  void mark(BlockId block, Keeper& keeper);
  void unmark(BlockId block);  // without telling

 private:
  struct Block {
    std::int32_t references = 0;
    bool marked = false;
    BlockId older = kNoBlock, newer = kNoBlock;  // of the filled ones
  };
  Block& at(BlockId block);
  void push_filled(BlockId block);
  void unlink_filled(BlockId block);

  std::vector<Block> blocks_;
  std::vector<BlockId> free_;  // not the filled ones
  BlockId oldest_ = kNoBlock, newest_ = kNoBlock;
  std::int32_t n_filled_ = 0;
  Keeper* keeper_ = nullptr;
};

}  // namespace rocmforge::kv
