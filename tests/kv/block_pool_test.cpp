#include "kv/block_pool.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace rocmforge::kv {
namespace {

TEST(BlockPool, HandsOutEachBlockOnce) {
  BlockPool pool(4);
  std::set<BlockId> seen;
  while (const auto block = pool.acquire()) seen.insert(*block);
  EXPECT_EQ(seen, (std::set<BlockId>{0, 1, 2, 3}));
  EXPECT_EQ(pool.n_free(), 0);
}

TEST(BlockPool, FreesAtTheLastReference) {
  BlockPool pool(2);
  const BlockId block = *pool.acquire();
  pool.retain(block);
  pool.release(block);
  EXPECT_EQ(pool.n_free(), 1);
  EXPECT_EQ(pool.references(block), 1);
  pool.release(block);
  EXPECT_EQ(pool.n_free(), 2);
  EXPECT_EQ(*pool.acquire(), block) << "the block freed last comes first";
}

TEST(BlockPool, RefusesMisuse) {
  BlockPool pool(2);
  EXPECT_THROW(pool.release(0), Error);
  EXPECT_THROW(pool.retain(1), Error);
  EXPECT_THROW(pool.references(2), Error);
  EXPECT_THROW(BlockPool(0), Error);
}

}  // namespace
}  // namespace rocmforge::kv
