// Roundings: int8 activations and F16, the same to the bit in every instruction set.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backend/cpu/simd/kernels.h"
#include "simd/cases.h"
#include "tensor/half.h"

namespace rocmforge::test {
namespace {

using cpu::Isa;

struct Row {
  std::vector<std::int8_t> values;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;

  Row(Isa isa, const std::vector<float>& x)
      : values(x.size()), scales(x.size() / 32), sums(x.size() / 16) {
    cpu::kernels(isa).quantize_row(x.data(), static_cast<std::int64_t>(x.size()), values.data(),
                                   scales.data(), sums.data());
  }
};

class Quantize : public testing::TestWithParam<Isa> {};

std::vector<std::vector<float>> inputs() {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::vector<std::vector<float>> rows;
  Random random(1);
  for (const float scale : {1.0f, 1e5f, 1e-6f, 3e38f, 1e-38f, 1e-44f, 0x1p-119f, 0x1.fp-120f}) {
    std::vector<float> row(320);
    for (float& x : row) x = random.uniform() * scale;
    row[5] = scale;
    rows.push_back(row);
  }
  rows.emplace_back(64, 0.0f);
  rows.emplace_back(64, -0.0f);
  std::vector<float> ties(64);  // max 127, so that the halves stay halves
  for (std::size_t i = 0; i < 64; ++i) ties[i] = static_cast<float>(i % 32) - 15.5f;
  ties[0] = 127.0f;
  ties[32] = -127.0f;
  rows.push_back(ties);
  for (const float bad : {kInf, -kInf, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> row(96, 1.0f);
    row[40] = bad;
    rows.push_back(row);
  }
  return rows;
}

TEST_P(Quantize, EqualsScalarToTheBit) {
  for (const std::vector<float>& x : inputs()) {
    const Row row(GetParam(), x);
    const Row expected(Isa::kScalar, x);
    EXPECT_EQ(row.values, expected.values);
    EXPECT_EQ(row.sums, expected.sums);
    for (std::size_t b = 0; b < x.size() / 32; ++b) {
      EXPECT_TRUE(same_bits(row.scales[b], expected.scales[b]));
    }
  }
}

TEST_P(Quantize, IsWhatItSays) {
  for (const std::vector<float>& x : inputs()) {
    const Row row(GetParam(), x);
    for (std::size_t b = 0; b < x.size() / 32; ++b) {
      float max = 0.0f;
      bool finite = true;
      for (std::size_t i = 32 * b; i < 32 * b + 32; ++i) {
        finite = finite && std::isfinite(x[i]);
        max = std::max(max, std::fabs(x[i]));
      }
      if (!finite) {
        EXPECT_TRUE(std::isnan(row.scales[b]));
        continue;
      }
      if (max < 0x1p-119f) {
        EXPECT_EQ(row.scales[b], 0.0f);
      } else {
        EXPECT_EQ(row.scales[b], max / 127.0f);
      }
      for (std::size_t i = 32 * b; i < 32 * b + 32; ++i) {
        EXPECT_LE(std::abs(int{row.values[i]}), 127);
        const double nearest = row.scales[b] == 0.0f ? 0.0 : double{x[i]} / double{row.scales[b]};
        EXPECT_NEAR(static_cast<double>(row.values[i]), nearest, 0.5001);
      }
      for (std::size_t h = 2 * b; h < 2 * b + 2; ++h) {
        int sum = 0;
        for (std::size_t i = 16 * h; i < 16 * h + 16; ++i) sum += row.values[i];
        EXPECT_EQ(row.sums[h], sum);
      }
    }
  }
}

TEST_P(Quantize, TiesGoToEven) {
  std::vector<float> x(32, 0.0f);
  x[0] = 127.0f;
  x[1] = 0.5f;
  x[2] = 1.5f;
  x[3] = 2.5f;
  x[4] = -0.5f;
  x[5] = -1.5f;
  const Row row(GetParam(), x);
  EXPECT_EQ(std::vector<std::int8_t>(row.values.begin(), row.values.begin() + 6),
            (std::vector<std::int8_t>{127, 0, 2, 2, 0, -2}));
}

TEST_P(Quantize, ToF16EqualsTheCodec) {
  std::vector<float> x;
  for (std::uint32_t h = 0; h < 65536; ++h) {  // every half, and what lies about it
    const float half = f16_to_f32(static_cast<std::uint16_t>(h));
    x.push_back(half);
    const auto bits = std::bit_cast<std::uint32_t>(half);
    for (const std::uint32_t delta : {0x0fffu, 0x1000u, 0x1001u}) {
      x.push_back(std::bit_cast<float>(bits + delta));
    }
  }
  for (const std::size_t n :
       {x.size(), x.size() - 1, std::size_t{1}, std::size_t{7}, std::size_t{15}, std::size_t{17}}) {
    std::vector<std::byte> out(2 * n + 1);  // at an odd address
    cpu::kernels(GetParam()).to_f16(x.data(), static_cast<std::int64_t>(n), out.data() + 1);
    for (std::size_t i = 0; i < n; ++i) {
      std::uint16_t half = 0;
      std::memcpy(&half, out.data() + 1 + 2 * i, 2);
      ASSERT_EQ(half, f32_to_f16(x[i])) << x[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Simd, Quantize,
                         testing::ValuesIn(cpu::available_isas().begin(),
                                           cpu::available_isas().end()),
                         [](const auto& p) { return std::string(cpu::to_string(p.param)); });

}  // namespace
}  // namespace rocmforge::test
