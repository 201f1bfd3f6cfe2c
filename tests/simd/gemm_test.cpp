// Every instruction set's products against sums in double precision, against the scalar set's, and
// against themselves in other tiles.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "backend/cpu/simd/kernels.h"
#include "simd/cases.h"

namespace rocmforge::test {
namespace {

using cpu::GemmTile;
using cpu::Isa;

constexpr std::int64_t kOutPad = 3;
constexpr float kUntouched = -12345.0f;

struct Case {
  Isa isa;
  DType type;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Isa isa : cpu::available_isas()) {
    for (const DType type : kAllDTypes) {
      if (type != DType::kI32) cases.push_back({isa, type});
    }
  }
  return cases;
}

std::string name_of(const testing::TestParamInfo<Case>& param) {
  return std::string(cpu::to_string(param.param.isa)) + "_" +
         std::string(to_string(param.param.type));
}

class Gemm : public testing::TestWithParam<Case> {
 protected:
  DType type() const { return GetParam().type; }
  bool is_quantized() const { return info(type()).is_quantized(); }

  // A tile's outputs, [n_x][n_w + kOutPad], with what lies between rows left untouched (checked).
  std::vector<float> run(Isa isa, const Weights& w, std::int64_t first_w, std::int32_t n_w,
                         const Inputs& x, std::int64_t first_x, std::int32_t n_x,
                         std::int64_t k) const {
    const std::int64_t stride = n_w + kOutPad;
    std::vector<float> out(static_cast<std::size_t>(n_x * stride), kUntouched);
    GemmTile tile;
    tile.w = w.data() + first_w * w.stride();
    tile.w_stride = w.stride();
    tile.n_w = n_w;
    tile.x = x.rows(first_x, k);
    tile.n_x = n_x;
    tile.k = k;
    tile.out = out.data();
    tile.out_stride = stride;
    cpu::kernels(isa).gemm[static_cast<std::size_t>(type())](tile);
    for (std::int32_t i = 0; i < n_x; ++i) {
      for (std::int64_t j = n_w; j < stride; ++j) {
        EXPECT_EQ(out[static_cast<std::size_t>(i * stride + j)], kUntouched);
      }
    }
    return out;
  }

  // The exact product and what rounding may do to it: the sum of the absolute terms.
  static void reference(const std::vector<float>& w, const Inputs& x, std::int64_t row,
                        std::int64_t k, bool quantized, double& sum, double& size) {
    sum = size = 0.0;
    for (std::int64_t c = 0; c < k; ++c) {
      const std::int64_t at = row * k + c;
      const double input = quantized ? double{x.scales[static_cast<std::size_t>(at / 32)]} *
                                           x.values[static_cast<std::size_t>(at)]
                                     : double{x.f32[static_cast<std::size_t>(row * x.stride + c)]};
      const double term = input * double{w[static_cast<std::size_t>(c)]};
      sum += term;
      size += std::fabs(term);
    }
  }

  void check_against_reference(std::int64_t k, WeightKind kind, float scale) {
    constexpr std::int32_t kRowsW = 33;
    constexpr std::int32_t kRowsX = 8;
    const Weights w(type(), kRowsW, k, kind, 17 + static_cast<std::uint64_t>(k));
    const Inputs x(cpu::kernels(Isa::kScalar), kRowsX, k, scale, 23);
    const std::vector<float> out = run(GetParam().isa, w, 0, kRowsW, x, 0, kRowsX, k);
    for (std::int32_t j = 0; j < kRowsW; ++j) {
      const std::vector<float> row = w.decoded_row(j);
      for (std::int32_t i = 0; i < kRowsX; ++i) {
        double sum = 0.0;
        double size = 0.0;
        reference(row, x, i, k, is_quantized(), sum, size);
        // d q and m may cancel within a weight, which the sum of |terms| does not see.
        const double cancelled = has_min() ? 40.0 : 1.0;
        const double bound =
            cancelled * size * 0x1p-23 * std::sqrt(double(k)) + 1e-30 + x_size(x, i, k, kind);
        const float y = out[static_cast<std::size_t>(i * (kRowsW + kOutPad) + j)];
        ASSERT_NEAR(y, sum, bound) << "k " << k << " w row " << j << " x row " << i;
      }
    }
  }

  // Whether a weight is d q + m.
  bool has_min() const {
    switch (type()) {
      case DType::kQ4_1:
      case DType::kQ5_1:
      case DType::kQ2_K:
      case DType::kQ4_K:
      case DType::kQ5_K:
        return true;
      default:
        return false;
    }
  }

  // With extreme blocks d q + m may cancel to nothing: then the bound is d's and m's own size.
  double x_size(const Inputs& x, std::int64_t row, std::int64_t k, WeightKind kind) const {
    if (!has_min() || kind != WeightKind::kExtreme) return 0.0;
    double size = 0.0;
    for (std::int64_t c = 0; c < k; ++c) {
      const std::int64_t at = row * k + c;
      size += std::fabs(double{x.scales[static_cast<std::size_t>(at / 32)]} *
                        x.values[static_cast<std::size_t>(at)]);
    }
    // Scales are at most 1000; q at most 31, or 63 times that with scales of scales.
    const double most = info(type()).block_elems > 32 ? 63 * 32e3 : 32e3;
    return size * most * 0x1p-23;
  }
};

TEST_P(Gemm, MatchesDoublePrecision) {
  std::vector<std::int64_t> ks = {256, 512, 768, 2048};
  if (info(type()).block_elems <= 32) ks.insert(ks.end(), {32, 64, 96, 288, 576});
  if (!is_quantized()) ks.insert(ks.end(), {1, 5, 15, 17, 100, 513});
  for (const std::int64_t k : ks) {
    check_against_reference(k, WeightKind::kRandom, 1.0f);
    check_against_reference(k, WeightKind::kRandom, 1e5f);
    check_against_reference(k, WeightKind::kExtreme, 1e5f);
    check_against_reference(k, WeightKind::kExtreme, 1e-6f);
    if (HasFatalFailure()) return;
  }
}

// Quantized products are exact per block and summed in one order, so that all sets agree.
TEST_P(Gemm, QuantizedEqualsScalarToTheBit) {
  if (!is_quantized()) return check_against_reference(576, WeightKind::kRandom, 1.0f);
  for (const std::int64_t k : {256, 512, 768, 4096}) {
    for (const WeightKind kind : {WeightKind::kRandom, WeightKind::kExtreme}) {
      const Weights w(type(), 35, k, kind, 5);
      const Inputs x(cpu::kernels(Isa::kScalar), 17, k, 100.0f, 6);
      const std::vector<float> expected = run(Isa::kScalar, w, 0, 35, x, 0, 17, k);
      const std::vector<float> out = run(GetParam().isa, w, 0, 35, x, 0, 17, k);
      for (std::size_t i = 0; i < out.size(); ++i) {
        ASSERT_TRUE(same_bits(out[i], expected[i]))
            << "k " << k << " at " << i << ": " << out[i] << " for " << expected[i];
      }
    }
  }
}

// No output depends on the shape of the tile that it is computed in, nor on its place there.
TEST_P(Gemm, IsTheSameInEveryTile) {
  std::vector<std::int64_t> ks = {256, 1280};
  if (info(type()).block_elems <= 32) ks.insert(ks.end(), {32, 576});
  if (!is_quantized()) ks.push_back(45);
  constexpr std::int32_t kRowsW = 70;
  constexpr std::int32_t kRowsX = 20;
  for (const std::int64_t k : ks) {
    const Weights w(type(), kRowsW, k, WeightKind::kRandom, 3);
    const Inputs x(cpu::kernels(GetParam().isa), kRowsX, k, 10.0f, 4);
    std::vector<std::vector<float>> single(kRowsX);
    for (std::int32_t i = 0; i < kRowsX; ++i) {
      single[static_cast<std::size_t>(i)] = run(GetParam().isa, w, 0, kRowsW, x, i, 1, k);
    }
    for (const std::int32_t n_x : {1, 2, 3, 4, 5, 6, 7, 8, 13, 17}) {
      for (const std::int32_t n_w : {1, 2, 3, 4, 7, 8, 9, 16, 17, 31, 32, 33, 49, 64}) {
        const std::int32_t first_x = (n_x + n_w) % 4;
        const std::int32_t first_w = (n_x * 3 + n_w) % (kRowsW - n_w + 1);
        const std::vector<float> out = run(GetParam().isa, w, first_w, n_w, x, first_x, n_x, k);
        for (std::int32_t i = 0; i < n_x; ++i) {
          for (std::int32_t j = 0; j < n_w; ++j) {
            const float y = out[static_cast<std::size_t>(i * (n_w + kOutPad) + j)];
            const float alone = single[static_cast<std::size_t>(first_x + i)]
                                      [static_cast<std::size_t>(first_w + j)];
            ASSERT_TRUE(same_bits(y, alone))
                << "k " << k << " n_x " << n_x << " n_w " << n_w << " at " << i << "," << j;
          }
        }
      }
    }
  }
}

// Many rows of x: plain products take them in parts.
TEST_P(Gemm, IsTheSameInManyRows) {
  constexpr std::int64_t kColumns = 2048;
  constexpr std::int32_t kRowsX = 100;
  const Weights w(type(), 5, kColumns, WeightKind::kRandom, 8);
  const Inputs x(cpu::kernels(GetParam().isa), kRowsX, kColumns, 10.0f, 9);
  const std::vector<float> all = run(GetParam().isa, w, 0, 5, x, 0, kRowsX, kColumns);
  for (std::int32_t i = 0; i < kRowsX; ++i) {
    const std::vector<float> one = run(GetParam().isa, w, 0, 5, x, i, 1, kColumns);
    for (std::size_t j = 0; j < 5; ++j) {
      ASSERT_TRUE(same_bits(all[static_cast<std::size_t>(i) * (5 + kOutPad) + j], one[j]));
    }
  }
}

// Activations that are not finite must show in the products, and no others.
TEST_P(Gemm, NotFiniteShows) {
  constexpr std::int64_t kColumns = 512;
  const Weights w(type(), 9, kColumns, WeightKind::kRandom, 12);
  Inputs x(cpu::kernels(GetParam().isa), 4, kColumns, 1.0f, 13);
  x.f32[static_cast<std::size_t>(x.stride + 77)] = std::numeric_limits<float>::infinity();
  x.f32[static_cast<std::size_t>(2 * x.stride + 511)] = std::numeric_limits<float>::quiet_NaN();
  for (std::int64_t i = 0; i < 4; ++i) {
    cpu::kernels(GetParam().isa)
        .quantize_row(x.f32.data() + i * x.stride, kColumns, x.values.data() + i * kColumns,
                      x.scales.data() + i * kColumns / 32, x.sums.data() + i * kColumns / 16);
  }
  const std::vector<float> out = run(GetParam().isa, w, 0, 9, x, 0, 4, kColumns);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 9; ++j) {
      EXPECT_EQ(std::isfinite(out[i * (9 + kOutPad) + j]), i == 0 || i == 3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Simd, Gemm, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace rocmforge::test
