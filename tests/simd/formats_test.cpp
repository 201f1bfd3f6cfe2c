// The byte offsets that the inner loops read by are those of the block layouts.
#include "backend/cpu/simd/generic/formats.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "tensor/quant/mxfp4.h"
#include "tensor/quant/q4_0.h"
#include "tensor/quant/q4_1.h"
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

TEST(Formats, Mxfp4ValuesAreTheCodecs) {
  for (std::size_t code = 0; code < 16; ++code) {
    EXPECT_EQ(cpu::kMxfp4Values[code], quant::MXFP4::kDoubled[code]);
  }
}

}  // namespace
}  // namespace rocmforge::test
