// Blocks made by hand against values computed by hand, then round trips and their error bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"
#include "tensor/half.h"
#include "tensor/quant/mxfp4.h"
#include "tensor/quant/q4_0.h"
#include "tensor/quant/q4_1.h"
#include "tensor/quant/q6_k.h"
#include "tensor/quant/q8_0.h"

namespace rocmforge {
namespace {

constexpr std::uint16_t kHalfF16 = 0x3800;  // 0.5
constexpr std::uint16_t kTwoF16 = 0x4000;   // 2

template <class Q>
std::array<float, Q::kElems> decoded(const typename Q::Block& block) {
  std::array<float, Q::kElems> out;
  Q::decode(block, out.data());
  return out;
}

template <class Q>
typename Q::Block encoded(const std::array<float, Q::kElems>& in) {
  typename Q::Block block;
  Q::encode(in.data(), block);
  return block;
}

TEST(Q4_0, DecodesByHand) {
  quant::Q4_0::Block block{.d = kHalfF16, .q = {}};
  block.q[0] = 0xf0;
  block.q[15] = 0x89;
  const auto x = decoded<quant::Q4_0>(block);
  EXPECT_EQ(x[0], -4.0f);  // 0.5 * (0 - 8)
  EXPECT_EQ(x[16], 3.5f);  // 0.5 * (15 - 8)
  EXPECT_EQ(x[15], 0.5f);  // 0.5 * (9 - 8)
  EXPECT_EQ(x[31], 0.0f);  // 0.5 * (8 - 8)
}

TEST(Q4_0, EncodesTheExtremeAsMinusEight) {
  std::array<float, 32> in{};
  in[3] = 4.0f;  // so d = -0.5
  in[17] = -3.5f;
  const auto block = encoded<quant::Q4_0>(in);
  EXPECT_EQ(block.d, 0xb800);
  EXPECT_EQ(block.q[3], 0x80);  // 4 is code 0; x[19] = 0 is code 8
  EXPECT_EQ(block.q[1], 0xf8);  // -3.5 / -0.5 + 8 = 15
  EXPECT_EQ(decoded<quant::Q4_0>(block), in);
}

TEST(Q4_1, ByHand) {
  quant::Q4_1::Block block{.d = kHalfF16, .m = kTwoF16, .q = {}};
  block.q[2] = 0x3f;
  const auto x = decoded<quant::Q4_1>(block);
  EXPECT_EQ(x[0], 2.0f);
  EXPECT_EQ(x[2], 9.5f);   // 0.5 * 15 + 2
  EXPECT_EQ(x[18], 3.5f);  // 0.5 * 3 + 2
  const auto again = encoded<quant::Q4_1>(x);
  EXPECT_EQ(again.d, block.d);
  EXPECT_EQ(again.m, block.m);
  EXPECT_EQ(again.q[2], 0x3f);
}

TEST(Q8_0, ByHand) {
  quant::Q8_0::Block block{.d = kHalfF16, .q = {}};
  block.q[0] = -128;
  block.q[31] = 127;
  const auto x = decoded<quant::Q8_0>(block);
  EXPECT_EQ(x[0], -64.0f);
  EXPECT_EQ(x[31], 63.5f);
  std::array<float, 32> in{};
  in[0] = -127.0f;
  in[1] = 2.5f;  // a tie goes away from zero
  in[2] = -2.5f;
  const auto coded = encoded<quant::Q8_0>(in);
  EXPECT_EQ(coded.d, 0x3c00);
  EXPECT_EQ(coded.q[0], -127);
  EXPECT_EQ(coded.q[1], 3);
  EXPECT_EQ(coded.q[2], -3);
}

TEST(MXFP4, EveryCodeAndScale) {
  constexpr float kValues[16] = {0, .5f, 1, 1.5f, 2, 3, 4, 6, 0, -.5f, -1, -1.5f, -2, -3, -4, -6};
  for (const int e : {0, 1, 2, 100, 127, 128, 200, 253}) {
    quant::MXFP4::Block block{.e = static_cast<std::uint8_t>(e), .q = {}};
    for (unsigned j = 0; j < 16; ++j) block.q[j] = static_cast<std::uint8_t>(j | ((15 - j) << 4));
    const auto x = decoded<quant::MXFP4>(block);
    for (unsigned j = 0; j < 16; ++j) {
      EXPECT_EQ(x[j], static_cast<float>(std::ldexp(static_cast<double>(kValues[j]), e - 127)));
      EXPECT_EQ(x[j + 16],
                static_cast<float>(std::ldexp(static_cast<double>(kValues[15 - j]), e - 127)));
    }
    EXPECT_FALSE(std::signbit(x[8])) << "code 8 is +0";
  }
}

TEST(MXFP4, EncodesToTheNearest) {
  std::array<float, 32> in{};
  in[0] = 6.0f;   // exponent 2, so the scale is 1
  in[1] = 0.25f;  // a tie goes to the smaller
  in[2] = 0.26f;
  in[3] = -5.01f;
  in[4] = 5.0f;
  in[5] = -0.2f;  // zero has no sign
  const auto block = encoded<quant::MXFP4>(in);
  EXPECT_EQ(block.e, 127);
  EXPECT_EQ(block.q[0] & 15, 7);
  EXPECT_EQ(block.q[1] & 15, 0);
  EXPECT_EQ(block.q[2] & 15, 1);
  EXPECT_EQ(block.q[3] & 15, 15);
  EXPECT_EQ(block.q[4] & 15, 6);
  EXPECT_EQ(block.q[5] & 15, 0);
  in[0] = 8.0f;  // exponent 3
  EXPECT_EQ(encoded<quant::MXFP4>(in).e, 128);
  EXPECT_EQ(encoded<quant::MXFP4>({}).e, 0);
}

TEST(Q6_K, DecodesByHand) {
  quant::Q6_K::Block block{};
  block.d = kHalfF16;
  for (int g = 0; g < 16; ++g) block.scales[g] = static_cast<std::int8_t>(g - 8);
  // Value 5 + 32 r of half h: low bits from byte 64 h + 32 (r % 2) + 5, high from byte 32 h + 5.
  block.low[5] = 0x21;            // runs 0: 1, 2: 2
  block.low[32 + 5] = 0x43;       // runs 1: 3, 3: 4
  block.high[5] = 0b11'10'01'00;  // runs 0 to 3: 0, 1, 2, 3
  block.low[64 + 5] = 0x0f;
  block.high[32 + 5] = 0b00'00'00'11;
  const auto x = decoded<quant::Q6_K>(block);
  EXPECT_EQ(x[5], 0.5f * -8 * (1 - 32));
  EXPECT_EQ(x[5 + 32], 0.5f * -6 * (3 + 16 - 32));
  EXPECT_EQ(x[5 + 64], 0.5f * -4 * (2 + 32 - 32));
  EXPECT_EQ(x[5 + 96], 0.5f * -2 * (4 + 48 - 32));
  EXPECT_EQ(x[128 + 5], 0.5f * 0 * (63 - 32));
  EXPECT_EQ(x[128 + 5 + 32], 0.5f * 2 * (0 - 32));
}

TEST(Q6_K, EveryPlaceIsItsOwn) {
  // One value a block differs from zero; it alone comes back so.
  for (std::size_t i = 0; i < 256; ++i) {
    std::array<float, 256> in{};
    in[i] = -1.0f;
    const auto x = decoded<quant::Q6_K>(encoded<quant::Q6_K>(in));
    for (std::size_t k = 0; k < 256; ++k) {
      if (k == i) {
        ASSERT_NEAR(x[k], -1.0f, 1e-3f);
      } else {
        ASSERT_EQ(x[k], 0.0f) << i << " " << k;
      }
    }
  }
}

std::vector<float> gaussian(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x(n);
  for (float& v : x) {  // the sum of 12 uniform values, the same with every library
    v = -6.0f;
    for (int i = 0; i < 12; ++i) v += static_cast<float>(random() >> 8) * 0x1p-24f;
  }
  return x;
}

double relative_rms(const std::vector<float>& x, DType type) {
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<std::byte> blocks(static_cast<std::size_t>(bytes_of(type, n)) + 1);
  std::vector<float> y(x.size());
  info(type).encode(x.data(), blocks.data() + 1, n);  // at an odd address
  info(type).decode(blocks.data() + 1, y.data(), n);
  double error = 0, sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    error += (x[i] - y[i]) * (x[i] - y[i]);
    sum += x[i] * x[i];
  }
  return std::sqrt(error / sum);
}

TEST(Quant, ErrorOnGaussianValues) {
  // Bounds 4 to 6 percent above what ggml's reference quantizers reach on these values.
  const std::vector<float> x = gaussian(256 * 400, 1);
  EXPECT_EQ(relative_rms(x, DType::kF32), 0);
  EXPECT_LT(relative_rms(x, DType::kF16), 2.2e-4);
  EXPECT_LT(relative_rms(x, DType::kBF16), 1.75e-3);
  EXPECT_LT(relative_rms(x, DType::kQ8_0), 5.5e-3);
  EXPECT_LT(relative_rms(x, DType::kQ6_K), 1.83e-2);
  EXPECT_LT(relative_rms(x, DType::kQ4_1), 8.1e-2);
  EXPECT_LT(relative_rms(x, DType::kQ4_0), 8.9e-2);
  EXPECT_LT(relative_rms(x, DType::kMXFP4), 12e-2);
  EXPECT_LT(relative_rms(x, DType::kQ5_0), 4.45e-2);
  EXPECT_LT(relative_rms(x, DType::kQ5_1), 3.9e-2);
  EXPECT_LT(relative_rms(x, DType::kQ2_K), 0.308);
  EXPECT_LT(relative_rms(x, DType::kQ3_K), 0.156);
  EXPECT_LT(relative_rms(x, DType::kQ4_K), 7.4e-2);
  EXPECT_LT(relative_rms(x, DType::kQ5_K), 3.73e-2);
  EXPECT_LT(relative_rms(x, DType::kIQ4_NL), 7.9e-2);
  EXPECT_LT(relative_rms(x, DType::kIQ4_XS), 7.95e-2);
  EXPECT_LT(relative_rms(x, DType::kMXFP6_E2M3), 2.98e-2);
  EXPECT_LT(relative_rms(x, DType::kMXFP6_E3M2), 5.66e-2);
}

TEST(Quant, SecondRoundTripKeepsPlainTypesAndScalesOfPowersOfTwo) {
  // What these types can express is a fixed point of decode(encode()).
  const std::vector<float> x = gaussian(4096, 2);
  const auto n = static_cast<std::int64_t>(x.size());
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kMXFP4,
                           DType::kMXFP6_E2M3, DType::kMXFP6_E3M2}) {
    std::vector<std::byte> first(static_cast<std::size_t>(bytes_of(type, n))), second = first;
    std::vector<float> y(x.size()), z(x.size());
    info(type).encode(x.data(), first.data(), n);
    info(type).decode(first.data(), y.data(), n);
    info(type).encode(y.data(), second.data(), n);
    info(type).decode(second.data(), z.data(), n);
    EXPECT_EQ(y, z) << to_string(type);
  }
}

TEST(Quant, AnyInputMakesSomeBlock) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float odd : {0.0f, -0.0f, 1e-45f, -1e-38f, 3e38f, kInf, -kInf, nan}) {
    for (const bool all : {false, true}) {
      std::vector<float> x(256, all ? odd : 1.0f);
      x[100] = odd;
      for (const DType type : kAllDTypes) {
        if (info(type).encode == nullptr) continue;
        std::vector<std::byte> blocks(static_cast<std::size_t>(bytes_of(type, 256)));
        std::vector<float> y(256, 5.0f);
        info(type).encode(x.data(), blocks.data(), 256);
        info(type).decode(blocks.data(), y.data(), 256);
        if (all && std::fabs(odd) < 1e-30f) {
          EXPECT_LT(std::fabs(y[7]), 1e-6f) << to_string(type);
        }
      }
    }
  }
}

TEST(Quant, OnlyWholeBlocks) {
  std::vector<float> x(33);
  std::vector<std::byte> blocks(64);
  EXPECT_THROW(info(DType::kQ4_0).decode(blocks.data(), x.data(), 33), Error);
  EXPECT_THROW(info(DType::kQ4_0).encode(x.data(), blocks.data(), 33), Error);
}

}  // namespace
}  // namespace rocmforge
