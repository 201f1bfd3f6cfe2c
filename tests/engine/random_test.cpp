#include "engine/random.h"

#include <gtest/gtest.h>

namespace rocmforge::engine {
namespace {

// Known answers of Philox 4x32-10 from the authors' distribution (Random123, kat_vectors): key and
// counter all zeros, and all ones in the words that we use.
TEST(Random, PhiloxKnownAnswer) {
  const std::array<std::uint32_t, 4> zeros = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  EXPECT_EQ(philox(0, 0), zeros);
}

TEST(Random, UniformIsInRangeAndSpread) {
  double sum = 0;
  constexpr int kDraws = 10000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const float u = uniform(42, i);
    ASSERT_GE(u, 0.0f);
    ASSERT_LT(u, 1.0f);
    sum += static_cast<double>(u);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.01);
  EXPECT_NE(uniform(1, 0), uniform(2, 0));
  EXPECT_NE(uniform(1, 0), uniform(1, 1));
  EXPECT_EQ(uniform(7, 9), uniform(7, 9));
}

}  // namespace
}  // namespace rocmforge::engine
