// The loops over plain rows at their edges, in every instruction set; what they do in between is
// tested through the ops (tests/op).
#include "backend/cpu/vector/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "backend/cpu/simd/isa.h"

namespace rocmforge::cpu {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class ElementwiseIsa : public testing::TestWithParam<Isa> {
 protected:
  const Elementwise& e_ = elementwise(GetParam());
};

TEST_P(ElementwiseIsa, IsTheOneAskedFor) {
  EXPECT_EQ(e_.isa, GetParam());
  for (const Isa other : available_isas()) {
    if (other != GetParam()) {
      EXPECT_NE(elementwise(other).rms_norm, e_.rms_norm);
    }
  }
}

// Nothing past the row's end is written, at any length.
TEST_P(ElementwiseIsa, StaysWithinTheRow) {
  for (std::int64_t n = 1; n < 70; ++n) {
    const auto size = static_cast<std::size_t>(n);
    const std::vector<float> x(size, 0.5F), angles(2 * size, 1.0F);
    const std::vector<float> pairs(2 * size, 2.0F);
    const auto check = [&](std::size_t used, auto&& call) {
      std::vector<float> y(used + 40, 7.0F);
      call(y.data());
      for (std::size_t i = 0; i < y.size(); ++i)
        ASSERT_EQ(y[i] == 7.0F, i >= used) << n << " " << i;
    };
    check(size, [&](float* y) { e_.rms_norm(x.data(), x.data(), n, 0, y); });
    check(size, [&](float* y) { e_.add(x.data(), x.data(), n, y); });
    check(size, [&](float* y) { e_.scale(x.data(), n, 3, y); });
    check(size, [&](float* y) { e_.swiglu(x.data(), x.data(), n, y); });
    check(size, [&](float* y) { e_.exp_sum(x.data(), n, 0.5F, y); });
    check(2 * size, [&](float* y) { e_.rope_norm(pairs.data(), angles.data(), n, y); });
    check(2 * size, [&](float* y) { e_.rope_neox(pairs.data(), angles.data(), n, y); });
  }
}

TEST_P(ElementwiseIsa, FindsTheLargestAnywhere) {
  for (std::size_t n = 1; n < 70; ++n) {
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<float> x(n, -3.0F);
      x[at] = -2.0F;
      ASSERT_EQ(e_.max(x.data(), static_cast<std::int64_t>(n)), -2.0F) << n << " " << at;
    }
  }
}

TEST_P(ElementwiseIsa, ExponentialsAtTheirEdges) {
  const std::vector<float> x = {-kInf, 0, -1, -80, -200, -1e30F, -0.5F, kNan, -3, -kInf, -2};
  for (std::size_t n = 1; n <= x.size(); ++n) {
    std::vector<float> y(n);
    const float sum = e_.exp_sum(x.data(), static_cast<std::int64_t>(n), 0, y.data());
    double want_sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double want = std::exp(static_cast<double>(x[i]));
      want_sum += want;
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(y[i])) << i;  // a NaN is never lost
      } else if (x[i] == -kInf) {
        EXPECT_EQ(y[i], 0.0F);
      } else {
        EXPECT_NEAR(y[i], want, 1e-6 * want + 1e-37) << i;
      }
    }
    EXPECT_EQ(std::isnan(sum), std::isnan(want_sum)) << n;
    if (!std::isnan(sum)) {
      EXPECT_NEAR(sum, want_sum, 1e-6 * want_sum);
    }
  }
}

TEST_P(ElementwiseIsa, SwiGluAtItsEdges) {
  const std::vector<float> gate = {1e5F, -1e5F, 0, kNan, 3e38F, -3e38F, 88, -88, kInf};
  const std::vector<float> up(gate.size(), 1.0F);
  std::vector<float> y(gate.size());
  e_.swiglu(gate.data(), up.data(), static_cast<std::int64_t>(gate.size()), y.data());
  EXPECT_EQ(y[0], 1e5F);
  EXPECT_NEAR(y[1], 0, 1e-30F);
  EXPECT_EQ(y[2], 0.0F);
  EXPECT_TRUE(std::isnan(y[3]));
  EXPECT_EQ(y[4], 3e38F);
  EXPECT_TRUE(std::isfinite(y[5]));
  EXPECT_EQ(y[6], 88.0F);
  EXPECT_NEAR(y[7], 0, 1e-30F);
  EXPECT_EQ(y[8], kInf);
}

INSTANTIATE_TEST_SUITE_P(All, ElementwiseIsa,
                         testing::ValuesIn(available_isas().begin(), available_isas().end()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace rocmforge::cpu
