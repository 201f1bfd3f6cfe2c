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

class RandomType : public testing::TestWithParam<DType> {};

TEST_P(RandomType, HasTheStatedSpread) {
  const DTypeInfo& type = info(GetParam());
  for (const std::int64_t cols : {256, 2048, 3072, 4096, 14336}) {
    constexpr std::int64_t kElems = 1 << 17;
    const auto data = blocks(GetParam(), cols, 3, 0, kElems / type.block_elems);
    std::vector<float> values(kElems);
    type.decode(data.data(), values.data(), kElems);
    double sum = 0, square = 0, largest = 0;
    for (const float v : values) {
      ASSERT_TRUE(std::isfinite(v));
      sum += v;
      square += double{v} * v;
      largest = std::max(largest, std::fabs(double{v}));
    }
    const double wanted = 1 / std::sqrt(static_cast<double>(cols));
    EXPECT_NEAR(std::sqrt(square / kElems) / wanted, 1, 0.05) << cols;
    EXPECT_NEAR(sum / kElems / wanted, 0, 0.02) << cols;
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

INSTANTIATE_TEST_SUITE_P(All, RandomType,
                         testing::Values(DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0,
                                         DType::kQ4_1, DType::kQ8_0, DType::kQ6_K, DType::kMXFP4),
                         [](const auto& p) { return std::string(to_string(p.param)); });

TEST(Random, CoversEveryWeightType) {
  for (const DType type : kAllDTypes) {
    if (type == DType::kI32) continue;
    EXPECT_EQ(random_rule(type, 4096).block_bytes, info(type).block_bytes);
  }
}

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
