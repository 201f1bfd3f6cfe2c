#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

namespace rocmforge {
namespace {

// Known answers of Philox 4x32-10 from the authors' distribution (Random123, kat_vectors): key and
// counter all zeros, and all ones in the words that we use.
TEST(Random, PhiloxKnownAnswer) {
  const RandomWords zeros = philox(0, 0);
  EXPECT_EQ(std::to_array(zeros.word),
            (std::array<unsigned, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint64_t kOnes = ~std::uint64_t{0};
  const RandomWords ones = philox(kOnes, kOnes, kOnes);
  EXPECT_EQ(std::to_array(ones.word),
            (std::array<unsigned, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Random, LogarithmsAreThoseOfTheLibrary) {
  for (float x = 1e-30F; x < 1e30F; x *= 1.0371F) {
    const double want = std::log(static_cast<double>(x));
    EXPECT_NEAR(natural_log(x), want, 3e-7 * (std::abs(want) + 0.1)) << x;
  }
}

TEST(Random, GumbelDrawsAreWhatTheFormulaSays) {
  double sum = 0, squares = 0;
  int n = 0;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 1013) {
    const auto word = static_cast<std::uint32_t>(bits);
    // As fine as a float: near v = 1, where no draw is chosen, that is coarse.
    const double v =
        std::min(static_cast<double>((static_cast<float>(word) + 0.5F) * 0x1p-32F), 1 - 0x1p-24);
    const double want = -std::log(-std::log1p(-v)), got = static_cast<double>(gumbel(word));
    EXPECT_NEAR(got, want, 1e-6 * (std::abs(want) + 1)) << word;
    EXPECT_LE(gumbel(word), kMaxGumbel);
    sum += got;
    squares += got * got;
    ++n;
  }
  const double mean = sum / n;
  EXPECT_NEAR(mean, 0.57722, 1e-3);                       // Euler's constant
  EXPECT_NEAR(squares / n - mean * mean, 1.64493, 1e-3);  // pi^2 / 6
  EXPECT_GT(gumbel(0), 22.8F);
  EXPECT_TRUE(std::isfinite(gumbel(~0U)));
}

TEST(Random, OneOfTwoPicksBeatsTheOther) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const Pick none{-kInf, 0, -1}, low{1, 0.5F, 3}, high{2, 0, 5}, same{2, 0, 6}, sure{kInf, 0, 9};
  for (const float temperature : {0.0F, 0.1F, 1.0F, 100.0F, 1e38F}) {
    const Pick picks[] = {none, low, high, same, sure};
    for (const Pick& a : picks) {
      for (const Pick& b : picks) {
        if (a.id == b.id) continue;
        EXPECT_NE(beats(a, b, temperature), beats(b, a, temperature));
        if (a.id == 9 && temperature < 1e38F) {
          EXPECT_TRUE(beats(a, b, temperature));
        }
      }
    }
  }
  EXPECT_TRUE(beats(high, low, 0));
  EXPECT_TRUE(beats(high, low, 1.9F));
  EXPECT_TRUE(beats(low, high, 2.1F)) << "its greater draw tells at a high temperature";
  EXPECT_TRUE(beats(high, same, 1)) << "the lower id";
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
}  // namespace rocmforge
