#include "kv/prefix_cache.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "base/error.h"
#include "kv/block_table.h"

namespace rocmforge::kv {
namespace {

constexpr std::int32_t kTokens = 4;
using Tokens = std::array<std::int32_t, kTokens>;

TEST(PrefixCache, KnowsABlockByWhatIsBeforeIt) {
  BlockPool pool(4);
  PrefixCache cache(pool, kTokens);
  const Tokens a = {1, 2, 3, 4}, b = {5, 6, 7, 8};
  const BlockId first = *pool.acquire(), second = *pool.acquire();
  EXPECT_EQ(cache.find(kNoBlock, a), kNoBlock);
  cache.add(first, kNoBlock, a);
  cache.add(second, first, a);
  EXPECT_EQ(cache.find(kNoBlock, a), first);
  EXPECT_EQ(cache.find(first, a), second) << "the same tokens elsewhere are another block";
  EXPECT_EQ(cache.find(second, a), kNoBlock);
  EXPECT_EQ(cache.find(kNoBlock, b), kNoBlock);
  EXPECT_EQ(cache.n_known(), 2);
  EXPECT_THROW(cache.add(first, kNoBlock, b), Error);
  EXPECT_THROW(cache.find(kNoBlock, std::span(a).first(3)), Error);
}

TEST(PrefixCache, KeepsBlocksUntilOthersAreWanted) {
  BlockPool pool(3);
  PrefixCache cache(pool, kTokens);
  std::vector<BlockId> blocks;
  for (std::int32_t i = 0; i < 2; ++i) {
    blocks.push_back(*pool.acquire());
    cache.add(blocks.back(), i == 0 ? kNoBlock : blocks[0], Tokens{i, i, i, i});
  }
  pool.release(blocks[1]);
  pool.release(blocks[0]);
  EXPECT_EQ(pool.n_free(), 3) << "filled ones are free as well";
  EXPECT_EQ(pool.n_filled(), 2);
  const BlockId other = *pool.acquire();
  EXPECT_NE(other, blocks[0]);
  EXPECT_NE(other, blocks[1]) << "an empty one comes before those that are filled";
  EXPECT_EQ(*pool.acquire(), blocks[1]) << "the one that was let go first";
  EXPECT_EQ(cache.find(blocks[0], Tokens{1, 1, 1, 1}), kNoBlock);
  EXPECT_EQ(cache.find(kNoBlock, Tokens{0, 0, 0, 0}), blocks[0]);
  pool.retain(blocks[0]);  // found again
  EXPECT_EQ(pool.n_free(), 0);
  EXPECT_FALSE(pool.acquire().has_value()) << "a block that is held is never lost";
  pool.release(blocks[0]);
  EXPECT_EQ(*pool.acquire(), blocks[0]);
  EXPECT_EQ(cache.n_known(), 0);
}

// The one used last stays longest, whenever it was filled.
TEST(PrefixCache, TheLeastRecentlyUsedIsLostFirst) {
  BlockPool pool(3);
  PrefixCache cache(pool, kTokens);
  const auto tokens = [](std::int32_t i) { return Tokens{i, 0, 0, 0}; };
  for (std::int32_t i = 0; i < 3; ++i) cache.add(*pool.acquire(), kNoBlock, tokens(i));
  for (std::int32_t i = 0; i < 3; ++i) pool.release(cache.find(kNoBlock, tokens(i)));
  const BlockId again = cache.find(kNoBlock, tokens(0));
  pool.retain(again);
  pool.release(again);
  pool.acquire();
  EXPECT_EQ(cache.find(kNoBlock, tokens(1)), kNoBlock);
  pool.acquire();
  EXPECT_EQ(cache.find(kNoBlock, tokens(2)), kNoBlock);
  EXPECT_EQ(cache.find(kNoBlock, tokens(0)), again);
}

TEST(PrefixCache, ClearForgetsHeldBlocksToo) {
  BlockPool pool(2);
  PrefixCache cache(pool, kTokens);
  const BlockId held = *pool.acquire(), filled = *pool.acquire();
  cache.add(held, kNoBlock, Tokens{1});
  cache.add(filled, kNoBlock, Tokens{2});
  pool.release(filled);
  cache.clear();
  EXPECT_EQ(cache.n_known(), 0);
  EXPECT_EQ(cache.find(kNoBlock, Tokens{1}), kNoBlock);
  EXPECT_EQ(pool.n_filled(), 0);
  pool.release(held);
  EXPECT_EQ(pool.n_filled(), 0);
  EXPECT_EQ(pool.n_free(), 2);
}

// What random sequences do to the pool and the cache, held against a simple account of both: what a
// block is said to hold is what was last written to it, references are those of the tables, no
// block is known without the one before it, and none is both free and held.
class Account {
 public:
  explicit Account(std::uint32_t seed) : random_(seed), pool_(kBlocks), cache_(pool_, kTokens) {}

  void step() {
    const int what = at_most(9);
    if (what < 4 && sequences_.size() < 6) {
      begin();
    } else if (what < 9 && !sequences_.empty()) {
      grow(*sequences_[pick()]);
    } else if (!sequences_.empty()) {
      sequences_.erase(sequences_.begin() + static_cast<std::ptrdiff_t>(pick()));
    }
    if (at_most(199) == 0) forget();
    verify();
  }
  int n_hits = 0, n_shared = 0;

 private:
  static constexpr std::int32_t kBlocks = 24;
  struct Sequence {
    explicit Sequence(BlockPool& pool) : table(pool, kTokens) {}
    BlockTable table;
    std::vector<std::int32_t> tokens;  // all of full blocks
    std::size_t n_known = 0;           // blocks
  };

  int at_most(int n) { return std::uniform_int_distribution<int>(0, n)(random_); }
  std::size_t pick() {
    return static_cast<std::size_t>(at_most(static_cast<int>(sequences_.size()) - 1));
  }
  // Few words, so that beginnings repeat.
  Tokens some() { return {at_most(1), 7, 7, at_most(1)}; }
  BlockId last(const Sequence& s) {
    return s.n_known == 0 ? kNoBlock : s.table.blocks()[s.n_known - 1];
  }

  void begin() {
    auto s = std::make_unique<Sequence>(pool_);
    for (int i = at_most(5); i > 0; --i) {
      const Tokens tokens = some();
      const BlockId found = cache_.find(last(*s), tokens);
      if (found == kNoBlock) break;
      s->table.share(s->n_known++, found);
      s->tokens.insert(s->tokens.end(), tokens.begin(), tokens.end());
      ++n_hits;
    }
    sequences_.push_back(std::move(s));
  }

  // A block more, run and made known; or one of another's that is the same.
  void grow(Sequence& s) {
    const auto n = static_cast<std::int32_t>(s.tokens.size());
    if (!s.table.reserve(n + kTokens)) return;
    const Tokens tokens = some();
    const BlockId mine = s.table.blocks().back();
    s.tokens.insert(s.tokens.end(), tokens.begin(), tokens.end());
    written_[mine] = s.tokens;
    const BlockId found = cache_.find(last(s), tokens);
    if (found == kNoBlock) {
      cache_.add(mine, last(s), tokens);
    } else {
      s.table.share(s.n_known, found);
      ++n_shared;
    }
    ++s.n_known;
  }

  void forget() {
    sequences_.clear();
    cache_.clear();
  }

  void verify() {
    std::map<BlockId, std::int32_t> held;
    for (const auto& s : sequences_) {
      ASSERT_EQ(s->table.blocks().size() * kTokens, s->tokens.size());
      for (std::size_t i = 0; i < s->table.blocks().size(); ++i) {
        const BlockId block = s->table.blocks()[i];
        ++held[block];
        const std::vector<std::int32_t> beginning(
            s->tokens.begin(), s->tokens.begin() + static_cast<std::ptrdiff_t>((i + 1) * kTokens));
        ASSERT_EQ(written_.at(block), beginning) << "another's tokens";
      }
    }
    std::int32_t n_filled = 0, n_known = 0;
    for (BlockId block = 0; block < kBlocks; ++block) {
      ASSERT_EQ(pool_.references(block), held[block]);
      if (!cache_.knows(block)) continue;
      ++n_known;
      if (held[block] == 0) ++n_filled;
      const BlockId before = cache_.before(block);
      ASSERT_TRUE(before == kNoBlock || cache_.knows(before));
      ASSERT_EQ(cache_.find(before, std::span(written_.at(block)).last(kTokens)), block);
    }
    ASSERT_EQ(cache_.n_known(), n_known);
    ASSERT_EQ(pool_.n_filled(), n_filled);
    std::int32_t n_free = kBlocks;
    for (const auto& [block, n] : held) n_free -= n > 0 ? 1 : 0;
    ASSERT_EQ(pool_.n_free(), n_free);
  }

  std::mt19937 random_;
  BlockPool pool_;
  PrefixCache cache_;
  std::vector<std::unique_ptr<Sequence>> sequences_;
  std::map<BlockId, std::vector<std::int32_t>> written_;  // the whole beginning, to the block's end
};

TEST(PrefixCache, HoldsUnderRandomUse) {
  int n_hits = 0, n_shared = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    Account account(seed);
    for (int i = 0; i < 1000; ++i) {
      account.step();
      ASSERT_FALSE(::testing::Test::HasFatalFailure()) << "seed " << seed << ", step " << i;
    }
    n_hits += account.n_hits;
    n_shared += account.n_shared;
  }
  EXPECT_GT(n_hits, 1000);
  EXPECT_GT(n_shared, 100);
}

}  // namespace
}  // namespace rocmforge::kv
