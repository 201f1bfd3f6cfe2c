// Made-up weights: reproducible, well-formed, of the stated spread.
#include "tensor/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace rocmforge {
namespace {

std::vector<std::byte> blocks(DType type, std::int64_t cols, std::uint64_t seed, std::int64_t first,
                              std::int64_t n) {
  std::vector<std::byte> out(static_cast<std::size_t>(n * info(type).block_bytes));
  fill_random(random_rule(type, cols), seed, first, out);
  return out;
}

std::vector<DType> weight_types() {
  std::vector<DType> types;
  for (const DType type : kAllDTypes) {
    if (type != DType::kI32) types.push_back(type);
  }
  return types;
}

class RandomType : public testing::TestWithParam<DType> {};

TEST_P(RandomType, HasTheStatedSpread) {
  const DTypeInfo& type = info(GetParam());
  for (const std::int64_t cols : {256, 2048, 3072, 4096, 14336}) {
    // Where a minimum is drawn for each group, groups have means, which are to average out.
    const bool groups_have_means = type.name.ends_with("_K") && type.name != "Q6_K";
    const std::int64_t n_elems = groups_have_means ? 1 << 20 : 1 << 17;
    const auto data = blocks(GetParam(), cols, 3, 0, n_elems / type.block_elems);
    std::vector<float> values(static_cast<std::size_t>(n_elems));
    type.decode(data.data(), values.data(), n_elems);
    double sum = 0, square = 0, largest = 0;
    for (const float v : values) {
      ASSERT_TRUE(std::isfinite(v));
      sum += v;
      square += double{v} * v;
      largest = std::max(largest, std::fabs(double{v}));
    }
    const double wanted = 1 / std::sqrt(static_cast<double>(cols));
    EXPECT_NEAR(std::sqrt(square / static_cast<double>(n_elems)) / wanted, 1, 0.05) << cols;
    EXPECT_NEAR(sum / static_cast<double>(n_elems) / wanted, 0, 0.02) << cols;
    EXPECT_LT(largest, 8 * wanted) << cols;
  }
}

TEST_P(RandomType, IsAFunctionOfSeedAndBlock) {
  const auto all = blocks(GetParam(), 4096, 7, 0, 64);
  EXPECT_EQ(all, blocks(GetParam(), 4096, 7, 0, 64));
  const auto part = blocks(GetParam(), 4096, 7, 40, 5);
  const auto size = static_cast<std::ptrdiff_t>(info(GetParam()).block_bytes);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 40 * size));
  EXPECT_NE(all, blocks(GetParam(), 4096, 8, 0, 64));
  EXPECT_NE(all, blocks(GetParam(), 4096, 7, 1, 64));
}

INSTANTIATE_TEST_SUITE_P(All, RandomType, testing::ValuesIn(weight_types()),
                         [](const auto& p) { return std::string(to_string(p.param)); });

// SplitMix64 as published: its first draws from state 1234567.
TEST(Random, DrawsArePublished) {
  EXPECT_EQ(quant::random_word(1234567, 0), 6457827717110365317u);
  EXPECT_EQ(quant::random_word(1234567, 1), 3203168211198807973u);
  EXPECT_EQ(quant::random_word(1234567, 2), 9817491932198370423u);
}

TEST(Random, TensorsDiffer) {
  EXPECT_EQ(random_seed(0, "output.weight"), random_seed(0, "output.weight"));
  EXPECT_NE(random_seed(0, "output.weight"), random_seed(0, "token_embd.weight"));
  EXPECT_NE(random_seed(0, "output.weight"), random_seed(1, "output.weight"));
}

}  // namespace
}  // namespace rocmforge
