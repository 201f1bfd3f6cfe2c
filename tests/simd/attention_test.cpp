// Scores and weighted sums of one KV block against double precision, in every instruction set.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <tuple>

#include "backend/cpu/simd/kernels.h"
#include "simd/cases.h"
#include "tensor/half.h"

namespace rocmforge::test {
namespace {

using cpu::Isa;
using cpu::KvTile;

class Attention : public testing::TestWithParam<std::tuple<Isa, DType>> {
 protected:
  const cpu::Kernels& kernels() const { return cpu::kernels(std::get<0>(GetParam())); }
  bool is_f16() const { return std::get<1>(GetParam()) == DType::kF16; }

  // [n_tokens][head_dim], exactly as long as that, and as floats.
  std::vector<std::byte> block(int n_tokens, int head_dim, std::vector<float>& floats) const {
    const auto n = static_cast<std::size_t>(n_tokens * head_dim);
    const std::size_t size = is_f16() ? 2 : 4;
    Random random(static_cast<std::uint64_t>(n));
    std::vector<std::byte> bytes(n * size);
    floats.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint16_t half = f32_to_f16(random.uniform());
      floats[i] = is_f16() ? f16_to_f32(half) : random.uniform();
      std::memcpy(bytes.data() + i * size,
                  is_f16() ? static_cast<const void*>(&half) : static_cast<const void*>(&floats[i]),
                  size);
    }
    return bytes;
  }

  std::vector<float> scores(const KvTile& tile, const std::vector<float>& q, std::int64_t first,
                            std::int64_t q_stride, std::int32_t n_q) const {
    std::vector<float> out(static_cast<std::size_t>(n_q) * 18, -7.0f);
    (is_f16() ? kernels().attention_scores_f16 : kernels().attention_scores_f32)(
        tile, q.data() + first * q_stride, q_stride, n_q, out.data(), 18);
    return out;
  }
};

constexpr int kHeadDims[] = {1, 6, 8, 16, 24, 48, 64, 80, 96, 100, 128, 256};
constexpr int kTokens[] = {1, 2, 3, 5, 8, 15, 16};
constexpr int kQueries[] = {1, 2, 3, 4, 5, 7, 9, 16, 31};

TEST_P(Attention, ScoresMatchDoublePrecision) {
  for (const int dim : kHeadDims) {
    for (const int n_tokens : kTokens) {
      std::vector<float> k;
      const std::vector<std::byte> bytes = block(n_tokens, dim, k);
      const KvTile tile = {bytes.data(), n_tokens, dim};
      for (const int n_q : kQueries) {
        const std::int64_t stride = dim + 5;
        std::vector<float> q(static_cast<std::size_t>(n_q * stride));
        Random random(9);
        for (float& x : q) x = random.uniform() * 10.0f;
        const std::vector<float> out = scores(tile, q, 0, stride, n_q);
        for (int i = 0; i < n_q; ++i) {
          const std::vector<float> alone = scores(tile, q, i, stride, 1);
          for (int t = 0; t < 18; ++t) {
            const float y = out[static_cast<std::size_t>(i * 18 + t)];
            if (t >= n_tokens) {
              ASSERT_EQ(y, -7.0f);  // untouched
              continue;
            }
            double sum = 0.0;
            double size = 0.0;
            for (int d = 0; d < dim; ++d) {
              const double term = double{q[static_cast<std::size_t>(i * stride + d)]} *
                                  double{k[static_cast<std::size_t>(t * dim + d)]};
              sum += term;
              size += std::fabs(term);
            }
            ASSERT_NEAR(y, sum, size * 0x1p-20);
            ASSERT_TRUE(same_bits(y, alone[static_cast<std::size_t>(t)]));
          }
        }
      }
    }
  }
}

TEST_P(Attention, ValuesMatchDoublePrecision) {
  for (const int dim : kHeadDims) {
    for (const int n_tokens : kTokens) {
      std::vector<float> v;
      const std::vector<std::byte> bytes = block(n_tokens, dim, v);
      const KvTile tile = {bytes.data(), n_tokens, dim};
      for (const int n_q : kQueries) {
        const std::int64_t stride = dim + 3;
        std::vector<float> p(static_cast<std::size_t>(n_q) * 19);
        std::vector<float> acc(static_cast<std::size_t>(n_q * stride));
        Random random(10);
        for (float& x : p) x = random.uniform();
        for (float& x : acc) x = random.uniform();
        const std::vector<float> before = acc;
        (is_f16() ? kernels().attention_values_f16 : kernels().attention_values_f32)(
            tile, p.data(), 19, n_q, acc.data(), stride);
        for (int i = 0; i < n_q; ++i) {
          for (int d = 0; d < stride; ++d) {
            const auto at = static_cast<std::size_t>(i * stride + d);
            double sum = double{before[at]};
            for (int t = 0; d < dim && t < n_tokens; ++t) {
              sum += double{p[static_cast<std::size_t>(i * 19 + t)]} *
                     double{v[static_cast<std::size_t>(t * dim + d)]};
            }
            ASSERT_NEAR(acc[at], sum, d < dim ? 18.0 * 0x1p-22 : 0.0);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Simd, Attention,
                         testing::Combine(testing::ValuesIn(cpu::available_isas().begin(),
                                                            cpu::available_isas().end()),
                                          testing::Values(DType::kF16, DType::kF32)),
                         [](const auto& p) {
                           return std::string(cpu::to_string(std::get<0>(p.param))) + "_" +
                                  std::string(to_string(std::get<1>(p.param)));
                         });

}  // namespace
}  // namespace rocmforge::test
