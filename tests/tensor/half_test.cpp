#include "tensor/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace rocmforge {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// The value of a half by the definition of binary16, independent of the code under test.
double f16_value(std::uint16_t h) {
  const int exponent = (h >> 10) & 31, mantissa = h & 1023;
  const double sign = (h & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Half, F16OfEveryBitPattern) {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto h = static_cast<std::uint16_t>(i);
    const float f = f16_to_f32(h);
    const bool special = (h & 0x7c00) == 0x7c00;
    if (special && (h & 0x3ff) != 0) {
      ASSERT_TRUE(std::isnan(f)) << i;
      ASSERT_EQ(f32_to_f16(f), h | 0x200) << "a NaN comes back quiet";
      continue;
    }
    if (special) {
      ASSERT_EQ(f, (h & 0x8000) != 0 ? -kInf : kInf);
    } else {
      ASSERT_EQ(static_cast<double>(f), f16_value(h)) << i;
      ASSERT_EQ(std::signbit(f), (h & 0x8000) != 0) << i;
    }
    ASSERT_EQ(f32_to_f16(f), h);
  }
}

TEST(Half, F16RoundsToNearestTiesToEven) {
  // Between each two neighbours: the middle goes to the even one, a step off it to the nearer.
  for (std::uint16_t h = 0; h < 0x7bff; ++h) {
    const float low = f16_to_f32(h), high = f16_to_f32(static_cast<std::uint16_t>(h + 1));
    const float middle = (low + high) / 2;  // exact: halves have 13 bits less than floats
    const std::uint16_t even = (h & 1) == 0 ? h : static_cast<std::uint16_t>(h + 1);
    ASSERT_EQ(f32_to_f16(middle), even) << h;
    ASSERT_EQ(f32_to_f16(-middle), even | 0x8000) << h;
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, -kInf)), h);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, kInf)), h + 1);
  }
}

TEST(Half, F16AtTheEnds) {
  EXPECT_EQ(f32_to_f16(65504.0f), 0x7bff);
  EXPECT_EQ(f32_to_f16(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(-1e30f), 0xfc00);
  EXPECT_EQ(f32_to_f16(0x1p-25f), 0x0000);
  EXPECT_EQ(f32_to_f16(std::nextafter(0x1p-25f, 1.0f)), 0x0001);
  EXPECT_EQ(f32_to_f16(-1e-45f), 0x8000);
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::quiet_NaN()), 0x7e00);
}

TEST(Half, BF16OfEveryBitPattern) {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto h = static_cast<std::uint16_t>(i);
    const float f = bf16_to_f32(h);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(f), i << 16);
    ASSERT_EQ(f32_to_bf16(f), std::isnan(f) ? h | 0x40 : h);
  }
}

TEST(Half, BF16RoundsToNearestTiesToEven) {
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f), 0x3f80);            // tie, even below
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-7f + 0x1p-8f), 0x3f82);  // tie, even above
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
  // Only the lower half of this NaN is set: cutting it off would leave an infinity.
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x7f800001u)), 0x7fc0);
}

TEST(Half, E8M0IsAPowerOfTwo) {
  for (int e = 0; e < 255; ++e) {
    ASSERT_EQ(static_cast<double>(e8m0_to_f32(static_cast<std::uint8_t>(e))),
              std::ldexp(1.0, e - 127));
    ASSERT_EQ(static_cast<double>(e8m0_to_f32_halved(static_cast<std::uint8_t>(e))),
              std::ldexp(1.0, e - 128));
  }
  EXPECT_TRUE(std::isnan(e8m0_to_f32(255)));
  EXPECT_EQ(e8m0_to_f32_halved(255), 0x1p127f);
}

}  // namespace
}  // namespace rocmforge
