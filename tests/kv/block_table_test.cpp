#include "kv/block_table.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rocmforge::kv {
namespace {

TEST(BlockTable, SlotsFollowTheBlocks) {
  BlockPool pool(8);
  BlockTable other(pool, 16);
  ASSERT_TRUE(other.reserve(1));  // block 0
  BlockTable table(pool, 16);
  ASSERT_TRUE(table.reserve(17));  // blocks 1 and 2
  EXPECT_EQ(table.capacity(), 32);
  EXPECT_EQ(table.slot(0), 16);
  EXPECT_EQ(table.slot(15), 31);
  EXPECT_EQ(table.slot(16), 32);
  EXPECT_THROW(table.slot(32), Error);
  EXPECT_THROW(table.slot(-1), Error);
}

TEST(BlockTable, TakesAllOrNothing) {
  BlockPool pool(3);
  BlockTable table(pool, 16);
  ASSERT_TRUE(table.reserve(16));
  EXPECT_FALSE(table.reserve(16 * 4));
  EXPECT_EQ(table.capacity(), 16);
  EXPECT_EQ(pool.n_free(), 2);
  EXPECT_TRUE(table.reserve(16 * 3));
}

TEST(BlockTable, GivesBackWhatItHeld) {
  BlockPool pool(4);
  {
    BlockTable table(pool, 16);
    ASSERT_TRUE(table.reserve(64));
    table.truncate(33);
    EXPECT_EQ(pool.n_free(), 1);
    const BlockTable moved = std::move(table);
    EXPECT_EQ(moved.blocks().size(), 3u);
  }
  EXPECT_EQ(pool.n_free(), 4);
}

}  // namespace
}  // namespace rocmforge::kv
