#include "tensor/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "base/check.h"
#include "tensor/half.h"
#include "tensor/quant/bf16.h"
#include "tensor/quant/f16.h"
#include "tensor/quant/f32.h"
#include "tensor/quant/mxfp4.h"
#include "tensor/quant/q4_0.h"
#include "tensor/quant/q4_1.h"
#include "tensor/quant/q6_k.h"
#include "tensor/quant/q8_0.h"

namespace rocmforge {
namespace {

using quant::RandomRule;

// Standard deviation of a code drawn from all whole numbers of an interval of n.
double deviation_of_codes(int n) {
  return std::sqrt((static_cast<double>(n) * n - 1) / 12);
}

// A rule whose field, at `offset` of the block, is one of the choices.
template <class Field>
RandomRule rule_of(DType type, std::size_t offset, std::span<const Field> choices) {
  RandomRule rule;
  const std::size_t n = choices.size();
  check(n > 0 && n <= 256 && (n & (n - 1)) == 0, "random_rule: choices, a power of two");
  check(choices.size_bytes() <= sizeof(rule.table), "random_rule: choices that fit the table");
  rule.block_bytes = static_cast<int>(info(type).block_bytes);
  rule.n_words = (rule.block_bytes + 7) / 8;
  rule.field_offset = static_cast<int>(offset);
  rule.field_bytes = static_cast<int>(sizeof(Field));
  rule.choice_mask = static_cast<int>(n) - 1;
  std::memcpy(rule.table, choices.data(), choices.size_bytes());
  return rule;
}

constexpr std::size_t kScales = 16;  // choices of a quantized block's scale

// Factors of mean square 1, half of them negative: codes that are not symmetric around 0 (-8 to 7)
// then have no mean.
std::array<float, kScales> factors() {
  std::array<float, kScales> out{};
  double square = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = 1 + (static_cast<float>(i) - 3.5f) / 16;
    square += double{out[i]} * out[i] / 8;
  }
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] /= static_cast<float>(std::sqrt(square));
    out[i + 8] = -out[i];
  }
  return out;
}

// Uniform: 256 steps across [-sqrt(3), sqrt(3)] deviations.
template <class Q>
RandomRule plain(DType type, double deviation) {
  std::array<typename Q::Block, 256> values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double step = (static_cast<double>(i) + 0.5) / 128 - 1;
    const auto value = static_cast<float>(step * std::sqrt(3.0) * deviation);
    Q::encode(&value, values[i]);
  }
  return rule_of<typename Q::Block>(type, 0, values);
}

// A type whose field is an F16 scale d; `deviation` is d's.
RandomRule scaled(DType type, std::size_t offset_of_d, double deviation) {
  const std::array<float, kScales> factor = factors();
  std::array<std::uint16_t, kScales> d{};
  for (std::size_t i = 0; i < kScales; ++i) {
    d[i] = f32_to_f16(factor[i] * static_cast<float>(deviation));
  }
  return rule_of<std::uint16_t>(type, offset_of_d, d);
}

// x = d q + m, q from 0 to 15: m = -7.5 d puts the mean at 0.
RandomRule q4_1(double deviation) {
  using Block = quant::Q4_1::Block;
  struct Field {
    std::uint16_t d, m;
  };
  static_assert(offsetof(Block, m) == offsetof(Block, d) + sizeof(std::uint16_t));
  const std::array<float, kScales> factor = factors();
  std::array<Field, kScales> fields{};
  for (std::size_t i = 0; i < kScales; ++i) {
    const float d = factor[i] * static_cast<float>(deviation / deviation_of_codes(16));
    fields[i] = {f32_to_f16(d), f32_to_f16(-7.5f * d)};
  }
  return rule_of<Field>(DType::kQ4_1, offsetof(Block, d), fields);
}

// A power of two e is all the scale there is: the wanted square lies between two of them, so both
// are taken, as often as makes the mean.
RandomRule mxfp4(double deviation) {
  double square = 0;  // of an element before its scale
  for (const std::int8_t doubled : quant::MXFP4::kDoubled) square += doubled * doubled / 4.0 / 16;
  const double wanted = deviation * deviation / square;
  const int low = static_cast<int>(std::floor(std::log2(wanted) / 2));
  const double share = (wanted / std::pow(4.0, low) - 1) / 3;  // of the upper one
  const auto n_upper = static_cast<std::size_t>(std::lround(share * kScales));
  std::array<std::uint8_t, kScales> e{};
  for (std::size_t i = 0; i < kScales; ++i) {
    e[i] = static_cast<std::uint8_t>(127 + low + (i < n_upper ? 1 : 0));
  }
  return rule_of<std::uint8_t>(DType::kMXFP4, offsetof(quant::MXFP4::Block, e), e);
}

}  // namespace

quant::RandomRule random_rule(DType type, std::int64_t cols) {
  check(cols > 0, "random_rule: rows of something");
  const double deviation = 1 / std::sqrt(static_cast<double>(cols));
  switch (type) {
    case DType::kF32:
      return plain<quant::F32>(type, deviation);
    case DType::kF16:
      return plain<quant::F16>(type, deviation);
    case DType::kBF16:
      return plain<quant::BF16>(type, deviation);
    case DType::kQ4_0:
      return scaled(type, offsetof(quant::Q4_0::Block, d), deviation / deviation_of_codes(16));
    case DType::kQ4_1:
      return q4_1(deviation);
    case DType::kQ8_0:
      return scaled(type, offsetof(quant::Q8_0::Block, d), deviation / deviation_of_codes(256));
    case DType::kQ6_K:
      return scaled(type, offsetof(quant::Q6_K::Block, d),
                    deviation / deviation_of_codes(64) / deviation_of_codes(256));
    case DType::kMXFP4:
      return mxfp4(deviation);
    case DType::kI32:
      break;
  }
  check(false, "random_rule: no weight type");
  return {};
}

std::uint64_t random_seed(std::uint64_t seed, std::string_view tensor) {
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a, 64 bits
  for (const char c : tensor) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  return quant::random_word(hash, seed);
}

void fill_random(const quant::RandomRule& rule, std::uint64_t seed, std::int64_t first_block,
                 std::span<std::byte> out) {
  const auto block_bytes = static_cast<std::size_t>(rule.block_bytes);
  check(out.size() % block_bytes == 0, "fill_random: whole blocks only");
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  auto block = static_cast<std::uint64_t>(first_block);
  for (std::size_t done = 0; done < out.size(); done += block_bytes, ++block) {
    quant::random_block(rule, seed, block, at + done);
  }
}

}  // namespace rocmforge
