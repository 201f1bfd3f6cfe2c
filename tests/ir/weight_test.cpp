#include "ir/weight.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rocmforge::test {
namespace {

using ir::Weight;
using ir::WeightTable;

Weight qkv() {
  return {.name = "qkv",
          .cols = 64,
          .segments = {{"q", DType::kQ4_0, 64, "q.bias"}, {"k", DType::kQ8_0, 32, ""}}};
}

TEST(WeightTable, CountsRowsAndBiases) {
  Weight w = qkv();
  EXPECT_EQ(w.rows(), 96);
  EXPECT_TRUE(w.has_bias());
  w.segments[0].bias.clear();
  EXPECT_FALSE(w.has_bias());
}

TEST(WeightTable, TheSameSegmentsAreOneWeight) {
  WeightTable table;
  const ir::WeightId a = table.add(qkv());
  Weight other = qkv();
  other.name = "tied";
  EXPECT_EQ(table.add(other), a);
  EXPECT_EQ(table.at(a).name, "qkv");
  other.segments[1].rows = 16;
  EXPECT_NE(table.add(other), a);
  EXPECT_EQ(table.size(), 2);
}

TEST(WeightTable, RefusesWhatIsNoMatrix) {
  WeightTable table;
  EXPECT_THROW(table.at(ir::WeightId{0}), Error);
  EXPECT_THROW(table.add({.name = "none", .cols = 64, .segments = {}}), Error);
  Weight w = qkv();
  w.cols = 48;  // one block and a half
  EXPECT_THROW(table.add(w), Error);
  w = qkv();
  w.segments[1].rows = 0;
  EXPECT_THROW(table.add(w), Error);
  w = qkv();
  w.cols = 0;
  EXPECT_THROW(table.add(w), Error);
  EXPECT_EQ(table.size(), 0);
}

}  // namespace
}  // namespace rocmforge::test
