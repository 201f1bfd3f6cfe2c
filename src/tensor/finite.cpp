#include "tensor/finite.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "tensor/quant/iq4_nl.h"
#include "tensor/quant/iq4_xs.h"
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

namespace rocmforge {
namespace {

constexpr std::uint32_t kExponent32 = 0x7f800000, kExponent16 = 0x7c00, kExponentB16 = 0x7f80;

// All bits of the exponent: an infinity or a NaN.
template <class T>
bool is_full(const std::byte* at, std::uint32_t exponent) {
  T bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return (bits & exponent) == exponent;
}

template <class T>
std::int64_t first_full(std::span<const std::byte> numbers, std::uint32_t exponent) {
  const auto n = static_cast<std::int64_t>(numbers.size() / sizeof(T));
  constexpr std::int64_t kRun = 1024;  // without a branch within: compilers make vectors of it
  for (std::int64_t begin = 0; begin < n; begin += kRun) {
    const std::int64_t end = std::min(n, begin + kRun);
    bool any = false;
    for (std::int64_t i = begin; i < end; ++i) {
      any |= is_full<T>(numbers.data() + i * std::int64_t{sizeof(T)}, exponent);
    }
    if (!any) continue;
    for (std::int64_t i = begin; i < end; ++i) {
      if (is_full<T>(numbers.data() + i * std::int64_t{sizeof(T)}, exponent)) return i;
    }
  }
  return -1;
}

// Where blocks have their F16 scales: `d`, and `m` or `dmin` of types that have a minimum.
struct Scales {
  std::uint32_t gguf_id;
  std::size_t first, second;  // bytes from the block's start; the same where there is but one
};
template <class Q>
constexpr Scales scales_of() {
  using Block = typename Q::Block;
  constexpr std::size_t kFirst = offsetof(Block, d);
  if constexpr (requires(Block b) { b.dmin; }) {
    return {Q::kGgufId, kFirst, offsetof(Block, dmin)};
  } else if constexpr (requires(Block b) { b.m; }) {
    return {Q::kGgufId, kFirst, offsetof(Block, m)};
  } else {
    return {Q::kGgufId, kFirst, kFirst};
  }
}
// Types that are not here are decoded: right, and slower.
constexpr std::array kScales = {
    scales_of<quant::Q4_0>(), scales_of<quant::Q4_1>(),   scales_of<quant::Q5_0>(),
    scales_of<quant::Q5_1>(), scales_of<quant::Q8_0>(),   scales_of<quant::Q2_K>(),
    scales_of<quant::Q3_K>(), scales_of<quant::Q4_K>(),   scales_of<quant::Q5_K>(),
    scales_of<quant::Q6_K>(), scales_of<quant::IQ4_NL>(), scales_of<quant::IQ4_XS>()};

std::int64_t first_by_scales(const DTypeInfo& type, const Scales& scales,
                             std::span<const std::byte> blocks) {
  const auto n = static_cast<std::int64_t>(blocks.size()) / type.block_bytes;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::byte* block = blocks.data() + i * type.block_bytes;
    if (is_full<std::uint16_t>(block + scales.first, kExponent16) ||
        is_full<std::uint16_t>(block + scales.second, kExponent16)) {
      return i;
    }
  }
  return -1;
}

std::int64_t first_by_values(const DTypeInfo& type, std::span<const std::byte> blocks) {
  const auto n = static_cast<std::int64_t>(blocks.size()) / type.block_bytes;
  std::vector<float> values(static_cast<std::size_t>(type.block_elems));
  for (std::int64_t i = 0; i < n; ++i) {
    type.decode(blocks.data() + i * type.block_bytes, values.data(), type.block_elems);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
      return i;
    }
  }
  return -1;
}

}  // namespace

std::int64_t first_not_finite(DType type, std::span<const std::byte> blocks) {
  const DTypeInfo& row = info(type);
  check(blocks.size() % static_cast<std::size_t>(row.block_bytes) == 0,
        "first_not_finite: whole blocks only");
  if (type == DType::kF32) return first_full<std::uint32_t>(blocks, kExponent32);
  if (type == DType::kF16) return first_full<std::uint16_t>(blocks, kExponent16);
  if (type == DType::kBF16) return first_full<std::uint16_t>(blocks, kExponentB16);
  if (row.decode == nullptr) return -1;
  for (const Scales& scales : kScales) {
    if (scales.gguf_id == row.gguf_id) return first_by_scales(row, scales, blocks);
  }
  return first_by_values(row, blocks);
}

}  // namespace rocmforge
