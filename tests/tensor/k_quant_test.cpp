// Blocks of the newer types made by hand, from the layouts in docs/formats.md, against values
// computed by hand; and that each place of a block is one value's own.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/quant/iq4_nl.h"
#include "tensor/quant/iq4_xs.h"
#include "tensor/quant/mxfp6.h"
#include "tensor/quant/q2_k.h"
#include "tensor/quant/q3_k.h"
#include "tensor/quant/q4_k.h"
#include "tensor/quant/q5_0.h"
#include "tensor/quant/q5_1.h"
#include "tensor/quant/q5_k.h"

namespace rocmforge {
namespace {

constexpr std::uint16_t kHalfF16 = 0x3800;  // 0.5
constexpr std::uint16_t kOneF16 = 0x3c00;
constexpr std::uint16_t kTwoF16 = 0x4000;

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

TEST(Q5_0, ByHand) {
  quant::Q5_0::Block block{.d = kHalfF16, .high = {0x02, 0, 0x04, 0x80}, .q = {}};
  block.q[1] = 0x0f;
  block.q[2] = 0x30;
  block.q[15] = 0x90;
  const auto x = decoded<quant::Q5_0>(block);
  EXPECT_EQ(x[0], 0.5f * (0 - 16));
  EXPECT_EQ(x[1], 0.5f * (31 - 16));   // bit 1 of the word
  EXPECT_EQ(x[18], 0.5f * (19 - 16));  // bit 18
  EXPECT_EQ(x[31], 0.5f * (25 - 16));  // bit 31
  EXPECT_EQ(x[17], 0.5f * (0 - 16));
  std::array<float, 32> in{};
  in[4] = -8.0f;  // d = 0.5
  in[20] = 7.5f;
  const auto coded = encoded<quant::Q5_0>(in);
  EXPECT_EQ(coded.d, kHalfF16);
  EXPECT_EQ(coded.q[4], 0xf0);
  EXPECT_EQ(coded.high[0], 0xef);  // 0 is code 16, but x[4] is code 0
  EXPECT_EQ(decoded<quant::Q5_0>(coded), in);
}

TEST(Q5_1, ByHand) {
  quant::Q5_1::Block block{.d = kHalfF16, .m = kTwoF16, .high = {0, 0, 0x01, 0}, .q = {}};
  block.q[0] = 0x7c;
  const auto x = decoded<quant::Q5_1>(block);
  EXPECT_EQ(x[0], 0.5f * 12 + 2);
  EXPECT_EQ(x[16], 0.5f * 23 + 2);
  EXPECT_EQ(x[1], 2.0f);
  std::array<float, 32> in{};
  for (std::size_t i = 0; i < 32; ++i) in[i] = 2.0f + 0.5f * static_cast<float>(31 - i);
  const auto coded = encoded<quant::Q5_1>(in);
  EXPECT_EQ(coded.q[0], 0xff);  // 31 and 15
  EXPECT_EQ(coded.high[1], 0xff);
  EXPECT_EQ(coded.high[2], 0x00);
  EXPECT_EQ(decoded<quant::Q5_1>(coded), in);
}

TEST(Q2_K, ByHand) {
  quant::Q2_K::Block block{};
  block.d = kHalfF16;
  block.dmin = kTwoF16;
  for (int g = 0; g < 16; ++g) block.scales[g] = static_cast<std::uint8_t>(g | (15 - g) << 4);
  block.q[5] = 0b11'10'01'00;        // values 5, 37, 69, 101
  block.q[32 + 20] = 0b01'00'00'11;  // values 148, 180, 212, 244
  const auto x = decoded<quant::Q2_K>(block);
  EXPECT_EQ(x[5], 0.5f * 0 * 0 - 2.0f * 15);
  EXPECT_EQ(x[37], 0.5f * 2 * 1 - 2.0f * 13);
  EXPECT_EQ(x[69], 0.5f * 4 * 2 - 2.0f * 11);
  EXPECT_EQ(x[101], 0.5f * 6 * 3 - 2.0f * 9);
  EXPECT_EQ(x[148], 0.5f * 9 * 3 - 2.0f * 6);
  EXPECT_EQ(x[180], 0.5f * 11 * 0 - 2.0f * 4);
  EXPECT_EQ(x[244], 0.5f * 15 * 1 - 2.0f * 0);
}

TEST(Q3_K, ByHand) {
  quant::Q3_K::Block block{};
  block.d = kHalfF16;
  block.scales[0] = 0x21;           // groups 0 and 8: low bits 1 and 2
  block.scales[5] = 0xf0;           // groups 5 and 13: 0 and 15
  block.scales[8] = 0b00'01'00'11;  // groups 12, 8, 4, 0
  block.scales[9] = 0b11'00'10'00;  // groups 13, 9, 5, 1
  block.q[7] = 0b11'00'00'10;       // values 7 (2), 103 (3)
  block.q[32 + 3] = 0b00'00'00'01;  // value 131
  block.q[16 + 8] = 0;              // value 88 in group 5 = run 2
  block.high[7] = 0b0000'0001;      // value 7
  block.high[3] = 0b0001'0000;      // value 131
  const auto x = decoded<quant::Q3_K>(block);
  EXPECT_EQ(x[7], 0.5f * (49 - 32) * (6 - 4));
  EXPECT_EQ(x[103], 0.5f * (0 - 32) * (3 - 4));
  EXPECT_EQ(x[131], 0.5f * (18 - 32) * (5 - 4));
  EXPECT_EQ(x[88], 0.5f * (32 - 32) * (0 - 4));   // group 5: scale 0 | 2 << 4
  EXPECT_EQ(x[208], 0.5f * (63 - 32) * (0 - 4));  // group 13: 15 | 3 << 4
}

TEST(Q4_K, ByHand) {
  quant::Q4_K::Block block{};
  block.d = kHalfF16;
  block.dmin = kTwoF16;
  block.scales[1] = 0x80 | 33;  // scale 1; upper bits of scale 5
  block.scales[5] = 0x40 | 62;  // minimum 1; upper bits of minimum 5
  block.scales[9] = 0xa7;       // scale 5: 7 | 2 << 4; minimum 5: 10 | 1 << 4
  block.q[2] = 0x9f;            // values 2 and 34
  block.q[64 + 31] = 0xe3;      // values 159 and 191
  const auto x = decoded<quant::Q4_K>(block);
  EXPECT_EQ(x[2], 0.0f);
  EXPECT_EQ(x[34], 0.5f * 33 * 9 - 2.0f * 62);
  EXPECT_EQ(x[159], 0.0f);  // group 4: scale and minimum 0
  EXPECT_EQ(x[191], 0.5f * 39 * 14 - 2.0f * 26);
  EXPECT_EQ(x[160], -2.0f * 26);
}

TEST(Q5_K, ByHand) {
  quant::Q5_K::Block block{};
  block.d = kHalfF16;
  block.dmin = kOneF16;
  block.scales[0] = 2;
  block.scales[3] = 5;
  block.scales[7] = 9;
  block.scales[11] = 0x21;  // group 7: scale 1, minimum 2
  block.q[6] = 0x04;        // value 6
  block.q[32 + 6] = 0xb0;   // value 102, of group 3
  block.q[96 + 6] = 0x30;   // value 230, of group 7
  block.high[6] = 0b1000'0001;
  const auto x = decoded<quant::Q5_K>(block);
  EXPECT_EQ(x[6], 0.5f * 2 * 20);
  EXPECT_EQ(x[102], 0.5f * 5 * 11 - 9);
  EXPECT_EQ(x[230], 0.5f * 1 * 19 - 2);
}

TEST(IQ4_NL, ByHand) {
  constexpr int kValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                               1,    13,   25,  38,  53,  69,  89,  113};
  quant::IQ4_NL::Block block{.d = kHalfF16, .q = {}};
  for (unsigned j = 0; j < 16; ++j) block.q[j] = static_cast<std::uint8_t>(j | (15 - j) << 4);
  const auto x = decoded<quant::IQ4_NL>(block);
  for (std::size_t j = 0; j < 16; ++j) {
    EXPECT_EQ(x[j], 0.5f * static_cast<float>(kValues[j]));
    EXPECT_EQ(x[j + 16], 0.5f * static_cast<float>(kValues[15 - j]));
  }
  const auto coded = encoded<quant::IQ4_NL>(x);
  const auto again = decoded<quant::IQ4_NL>(coded);
  for (std::size_t j = 0; j < 32; ++j) EXPECT_NEAR(again[j], x[j], 1e-3f * std::fabs(x[j]));
}

TEST(IQ4_XS, ByHand) {
  quant::IQ4_XS::Block block{};
  block.d = kHalfF16;
  block.scales_low[1] = 0x5a;         // groups 2 (10) and 3 (5)
  block.scales_high = 0b11'01'00'00;  // groups 3 (3) and 2 (1)
  block.q[32 + 4] = 0xf0;             // values 68 and 84, of group 2
  block.q[48 + 15] = 0x81;            // values 111 and 127, of group 3
  const auto x = decoded<quant::IQ4_XS>(block);
  EXPECT_EQ(x[68], 0.5f * (26 - 32) * -127);
  EXPECT_EQ(x[84], 0.5f * (26 - 32) * 113);
  EXPECT_EQ(x[111], 0.5f * (53 - 32) * -104);
  EXPECT_EQ(x[127], 0.5f * (53 - 32) * 1);
  EXPECT_EQ(x[0], 0.5f * -32 * -127);
}

// The value of a code by the definition of the format, in double precision.
double value_of_6(int code, int mantissa_bits, int bias) {
  const int e = (code & 31) >> mantissa_bits, m = code & ((1 << mantissa_bits) - 1);
  const double fraction = std::ldexp(m, -mantissa_bits);
  const double v = e == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, e - bias);
  return (code & 32) != 0 ? -v : v;
}

template <class Q>
void check_every_code(int mantissa_bits) {
  for (const int e : {0, 1, 2, 100, 127, 128, 200, 250}) {
    for (int first = 0; first < 64; first += 32) {
      typename Q::Block block{.e = static_cast<std::uint8_t>(e), .high = {}, .q = {}};
      for (int i = 0; i < 32; ++i) {  // code (first + i): the packing by hand
        block.q[i % 16] |= static_cast<std::uint8_t>((i & 15) << (i / 16 * 4));
        const int upper = (first + i) >> 4;
        block.high[4 * (i / 16) + i % 4] |= static_cast<std::uint8_t>(upper << (2 * (i / 4 % 4)));
      }
      const auto x = decoded<Q>(block);
      for (int i = 0; i < 32; ++i) {
        const double v = value_of_6(first + i, mantissa_bits, mantissa_bits == 3 ? 1 : 3);
        EXPECT_EQ(x[static_cast<std::size_t>(i)], static_cast<float>(std::ldexp(v, e - 127)))
            << first + i << " " << e;
      }
      EXPECT_FALSE(std::signbit(x[0])) << "both zeros are +0";
    }
  }
  typename Q::Block block{.e = 255, .high = {}, .q = {}};
  EXPECT_TRUE(std::isnan(decoded<Q>(block)[9]));
}

TEST(MXFP6, EveryCodeAndScale) {
  check_every_code<quant::MXFP6_E2M3>(3);
  check_every_code<quant::MXFP6_E3M2>(2);
}

// Against a search through all codes: the nearest, of two equally near the even one.
template <class Q>
void check_rounding(int mantissa_bits, float largest) {
  const int bias = mantissa_bits == 3 ? 1 : 3;
  for (int i = 0; i <= 4096; ++i) {
    std::array<float, 32> in{};
    in[0] = largest;
    in[7] = largest * static_cast<float>(i - 2048) / 2000.0f;
    if (std::fabs(in[7]) > largest) in[0] = std::fabs(in[7]);
    const auto block = encoded<Q>(in);
    const int exponent = block.e - 127;
    const double x = std::ldexp(double{in[7]}, -exponent);
    int best = 0;
    for (int code = 1; code < 32; ++code) {
      const double error = std::fabs(value_of_6(code, mantissa_bits, bias) - std::fabs(x));
      const double best_error = std::fabs(value_of_6(best, mantissa_bits, bias) - std::fabs(x));
      if (error < best_error || (error == best_error && code % 2 == 0)) best = code;
    }
    EXPECT_EQ(Q::code_of(block, 7) & 31, best) << x;
    EXPECT_EQ((Q::code_of(block, 7) & 32) != 0, x < 0 && best != 0);
    EXPECT_EQ(exponent, std::ilogb(in[0]) - Q::kLargestExponent);
  }
}

TEST(MXFP6, EncodesToTheNearest) {
  check_rounding<quant::MXFP6_E2M3>(3, 7.5f);
  check_rounding<quant::MXFP6_E3M2>(2, 28.0f);
  check_rounding<quant::MXFP6_E3M2>(2, 1.3f);
  EXPECT_EQ(encoded<quant::MXFP6_E2M3>({}).e, 0);
}

class Places : public testing::TestWithParam<DType> {};

// One value a block differs from zero; it alone comes back so.
TEST_P(Places, EachIsOnesOwn) {
  const DTypeInfo& type = info(GetParam());
  const auto n = static_cast<std::size_t>(type.block_elems);
  for (const float value : {-1.0f, 1.0f}) {
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<float> in(n), out(n);
      in[i] = value;
      std::vector<std::byte> block(static_cast<std::size_t>(type.block_bytes));
      type.encode(in.data(), block.data(), type.block_elems);
      type.decode(block.data(), out.data(), type.block_elems);
      for (std::size_t k = 0; k < n; ++k) {
        // IQ4's values have no 0, the least being 1 of 113; a minimum is rounded on its own.
        const float bound = k == i ? 0.02f : type.name.starts_with("IQ4") ? 0.01f : 1e-3f;
        ASSERT_NEAR(out[k], in[k], bound) << type.name << " " << i << " " << k;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Places,
                         testing::Values(DType::kQ5_0, DType::kQ5_1, DType::kQ2_K, DType::kQ3_K,
                                         DType::kQ4_K, DType::kQ5_K, DType::kIQ4_NL, DType::kIQ4_XS,
                                         DType::kMXFP6_E2M3, DType::kMXFP6_E3M2),
                         [](const auto& p) { return std::string(to_string(p.param)); });

}  // namespace
}  // namespace rocmforge
