#include "engine/rope_rows.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rocmforge::engine {
namespace {

TEST(RopeRows, FollowsTheFormula) {
  const float factors[] = {1, 2, 4, 8};
  const RopeRows rope({.n_rot = 8, .base = 10000, .scale = 0.5}, factors);
  float row[8];
  rope.write(6, row);
  for (int i = 0; i < 4; ++i) {
    const double angle = 6 * 0.5 * std::pow(10000.0, -2.0 * i / 8) / (1 << i);
    EXPECT_FLOAT_EQ(row[2 * i], static_cast<float>(std::cos(angle)));
    EXPECT_FLOAT_EQ(row[2 * i + 1], static_cast<float>(std::sin(angle)));
  }
}

TEST(RopeRows, PositionZeroTurnsNothing) {
  const RopeRows rope({.n_rot = 4}, {});
  float row[4];
  rope.write(0, row);
  EXPECT_EQ(row[0], 1.0f);
  EXPECT_EQ(row[1], 0.0f);
  EXPECT_EQ(row[3], 0.0f);
}

}  // namespace
}  // namespace rocmforge::engine
