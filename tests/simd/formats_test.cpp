// The byte offsets that the inner loops read by are those of the block layouts.
#include "backend/cpu/simd/generic/formats.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "tensor/quant/iq4_nl.h"
#include "tensor/quant/iq4_xs.h"
#include "tensor/quant/mxfp4.h"
#include "tensor/quant/mxfp6.h"
#include "tensor/quant/q2_k.h"
#include "tensor/quant/q3_k.h"
#include "tensor/quant/q4_0.h"
#include "tensor/quant/q4_1.h"
#include "tensor/quant/q4_k.h"
#include "tensor/quant/q5_0.h"
#include "tensor/quant/q5_1.h"
#include "tensor/quant/q5_k.h"
#include "tensor/quant/q6_k.h"
#include "tensor/quant/q8_0.h"

namespace rocmforge::test {
namespace {

template <class Type>
constexpr auto offset_of_d = offsetof(typename Type::Block, d);

static_assert(sizeof(quant::Q4_0::Block) == cpu::Q4_0Format::kBlockBytes);
static_assert(offset_of_d<quant::Q4_0> == cpu::Q4_0Format::kD);
static_assert(offsetof(quant::Q4_0::Block, q) == cpu::Q4_0Format::kQ);

static_assert(sizeof(quant::Q4_1::Block) == cpu::Q4_1Format::kBlockBytes);
static_assert(offset_of_d<quant::Q4_1> == cpu::Q4_1Format::kD);
static_assert(offsetof(quant::Q4_1::Block, m) == cpu::Q4_1Format::kM);
static_assert(offsetof(quant::Q4_1::Block, q) == cpu::Q4_1Format::kQ);

static_assert(sizeof(quant::Q8_0::Block) == cpu::Q8_0Format::kBlockBytes);
static_assert(offset_of_d<quant::Q8_0> == cpu::Q8_0Format::kD);
static_assert(offsetof(quant::Q8_0::Block, q) == cpu::Q8_0Format::kQ);

static_assert(sizeof(quant::MXFP4::Block) == cpu::Mxfp4Format::kBlockBytes);
static_assert(offsetof(quant::MXFP4::Block, e) == cpu::Mxfp4Format::kE);
static_assert(offsetof(quant::MXFP4::Block, q) == cpu::Mxfp4Format::kQ);

static_assert(sizeof(quant::Q6_K::Block) == cpu::Q6_KFormat::kBlockBytes);
static_assert(offsetof(quant::Q6_K::Block, low) == cpu::Q6_KFormat::kLow);
static_assert(offsetof(quant::Q6_K::Block, high) == cpu::Q6_KFormat::kHigh);
static_assert(offsetof(quant::Q6_K::Block, scales) == cpu::Q6_KFormat::kScales);
static_assert(offset_of_d<quant::Q6_K> == cpu::Q6_KFormat::kD);

static_assert(sizeof(quant::Q5_0::Block) == cpu::Q5_0Format::kBlockBytes);
static_assert(offsetof(quant::Q5_0::Block, d) == cpu::Q5_0Format::kD);
static_assert(offsetof(quant::Q5_0::Block, high) == cpu::Q5_0Format::kHigh);
static_assert(offsetof(quant::Q5_0::Block, q) == cpu::Q5_0Format::kQ);

static_assert(sizeof(quant::Q5_1::Block) == cpu::Q5_1Format::kBlockBytes);
static_assert(offsetof(quant::Q5_1::Block, d) == cpu::Q5_1Format::kD);
static_assert(offsetof(quant::Q5_1::Block, m) == cpu::Q5_1Format::kM);
static_assert(offsetof(quant::Q5_1::Block, high) == cpu::Q5_1Format::kHigh);
static_assert(offsetof(quant::Q5_1::Block, q) == cpu::Q5_1Format::kQ);

static_assert(sizeof(quant::IQ4_NL::Block) == cpu::Iq4NlFormat::kBlockBytes);
static_assert(offsetof(quant::IQ4_NL::Block, d) == cpu::Iq4NlFormat::kD);
static_assert(offsetof(quant::IQ4_NL::Block, q) == cpu::Iq4NlFormat::kQ);

static_assert(sizeof(quant::MXFP6_E2M3::Block) == cpu::Mxfp6Format::kBlockBytes);
static_assert(offsetof(quant::MXFP6_E2M3::Block, e) == cpu::Mxfp6Format::kE);
static_assert(offsetof(quant::MXFP6_E2M3::Block, high) == cpu::Mxfp6Format::kHigh);
static_assert(offsetof(quant::MXFP6_E2M3::Block, q) == cpu::Mxfp6Format::kQ);

static_assert(sizeof(quant::MXFP6_E3M2::Block) == cpu::Mxfp6Format::kBlockBytes);
static_assert(offsetof(quant::MXFP6_E3M2::Block, e) == cpu::Mxfp6Format::kE);
static_assert(offsetof(quant::MXFP6_E3M2::Block, high) == cpu::Mxfp6Format::kHigh);
static_assert(offsetof(quant::MXFP6_E3M2::Block, q) == cpu::Mxfp6Format::kQ);

static_assert(sizeof(quant::Q2_K::Block) == cpu::Q2_KFormat::kBlockBytes);
static_assert(offsetof(quant::Q2_K::Block, scales) == cpu::Q2_KFormat::kScales);
static_assert(offsetof(quant::Q2_K::Block, q) == cpu::Q2_KFormat::kQ);
static_assert(offsetof(quant::Q2_K::Block, d) == cpu::Q2_KFormat::kD);
static_assert(offsetof(quant::Q2_K::Block, dmin) == cpu::Q2_KFormat::kDMin);

static_assert(sizeof(quant::Q3_K::Block) == cpu::Q3_KFormat::kBlockBytes);
static_assert(offsetof(quant::Q3_K::Block, high) == cpu::Q3_KFormat::kHigh);
static_assert(offsetof(quant::Q3_K::Block, q) == cpu::Q3_KFormat::kQ);
static_assert(offsetof(quant::Q3_K::Block, scales) == cpu::Q3_KFormat::kScales);
static_assert(offsetof(quant::Q3_K::Block, d) == cpu::Q3_KFormat::kD);

static_assert(sizeof(quant::Q4_K::Block) == cpu::Q4_KFormat::kBlockBytes);
static_assert(offsetof(quant::Q4_K::Block, d) == cpu::Q4_KFormat::kD);
static_assert(offsetof(quant::Q4_K::Block, dmin) == cpu::Q4_KFormat::kDMin);
static_assert(offsetof(quant::Q4_K::Block, scales) == cpu::Q4_KFormat::kScales);
static_assert(offsetof(quant::Q4_K::Block, q) == cpu::Q4_KFormat::kQ);

static_assert(sizeof(quant::Q5_K::Block) == cpu::Q5_KFormat::kBlockBytes);
static_assert(offsetof(quant::Q5_K::Block, d) == cpu::Q5_KFormat::kD);
static_assert(offsetof(quant::Q5_K::Block, dmin) == cpu::Q5_KFormat::kDMin);
static_assert(offsetof(quant::Q5_K::Block, scales) == cpu::Q5_KFormat::kScales);
static_assert(offsetof(quant::Q5_K::Block, high) == cpu::Q5_KFormat::kHigh);
static_assert(offsetof(quant::Q5_K::Block, q) == cpu::Q5_KFormat::kQ);

static_assert(sizeof(quant::IQ4_XS::Block) == cpu::Iq4XsFormat::kBlockBytes);
static_assert(offsetof(quant::IQ4_XS::Block, d) == cpu::Iq4XsFormat::kD);
static_assert(offsetof(quant::IQ4_XS::Block, scales_high) == cpu::Iq4XsFormat::kScalesHigh);
static_assert(offsetof(quant::IQ4_XS::Block, scales_low) == cpu::Iq4XsFormat::kScalesLow);
static_assert(offsetof(quant::IQ4_XS::Block, q) == cpu::Iq4XsFormat::kQ);

TEST(Formats, Mxfp4ValuesAreTheCodecs) {
  for (std::size_t code = 0; code < 16; ++code) {
    EXPECT_EQ(cpu::kMxfp4Values[code], quant::MXFP4::kDoubled[code]);
  }
}

TEST(Formats, Iq4ValuesAreTheCodecs) {
  for (std::size_t code = 0; code < 16; ++code) {
    EXPECT_EQ(cpu::kIq4Values[code], quant::kIq4Values[code]);
  }
}

TEST(Formats, Mxfp6ValuesAreTheCodecs) {
  for (int low = 0; low < 16; ++low) {
    EXPECT_EQ(cpu::kE2M3Low[low], quant::MXFP6_E2M3::steps_of(low));
    EXPECT_EQ(cpu::kE2M3High[low], quant::MXFP6_E2M3::steps_of(low + 16));
    EXPECT_EQ(cpu::kE3M2Low[low], quant::MXFP6_E3M2::steps_of(low));
    EXPECT_EQ(8 * cpu::kE3M2High[low], quant::MXFP6_E3M2::steps_of(low + 16));
  }
}

}  // namespace
}  // namespace rocmforge::test
