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

// Two F16 fields, d and, right behind it, what makes up for a mean: `mean` times d.
RandomRule scaled_with_min(DType type, std::size_t offset_of_d, double deviation, float mean) {
  struct Field {
    std::uint16_t d, m;
  };
  const std::array<float, kScales> factor = factors();
  std::array<Field, kScales> fields{};
  for (std::size_t i = 0; i < kScales; ++i) {
    const float d = factor[i] * static_cast<float>(deviation);
    fields[i] = {f32_to_f16(d), f32_to_f16(mean * d)};
  }
  return rule_of<Field>(type, offset_of_d, fields);
}

// x = d q + m, q from 0 to n - 1: m = -(n - 1) / 2 d puts the mean at 0.
template <class Q>
RandomRule with_min(DType type, double deviation, int n) {
  using Block = typename Q::Block;
  static_assert(offsetof(Block, m) == offsetof(Block, d) + sizeof(std::uint16_t));
  return scaled_with_min(type, offsetof(Block, d), deviation / deviation_of_codes(n),
                         -0.5f * static_cast<float>(n - 1));
}

// Root mean square of the whole numbers from `low` to `high`.
double size_of_codes(int low, int high) {
  double square = 0;
  for (int q = low; q <= high; ++q) square += static_cast<double>(q) * q;
  return std::sqrt(square / (high - low + 1));
}

// x = d s q - dmin m, s and m from 0 to n_scales - 1, q from 0 to n - 1: dmin = (n - 1) / 2 d puts
// the mean at 0. With t = (n - 1) / 2, the mean square of s q - t m is E[s^2] (E[q^2] + t^2) -
// 2 t E[s]^2 E[q], and E[q] is t.
template <class Q>
RandomRule with_scaled_min(DType type, double deviation, int n_scales, int n) {
  using Block = typename Q::Block;
  static_assert(offsetof(Block, dmin) == offsetof(Block, d) + sizeof(std::uint16_t));
  const double t = 0.5 * (n - 1), mean_s = 0.5 * (n_scales - 1);
  const double size_s = size_of_codes(0, n_scales - 1), size_q = size_of_codes(0, n - 1);
  const double square = size_s * size_s * (size_q * size_q + t * t) - 2 * t * t * mean_s * mean_s;
  return scaled_with_min(type, offsetof(Block, d), deviation / std::sqrt(square),
                         static_cast<float>(t));
}

// Root mean square of IQ4_NL's values.
double size_of_iq4() {
  double square = 0;
  for (const std::int8_t v : quant::kIq4Values) square += double{1} * v * v / 16;
  return std::sqrt(square);
}

// A power of two e is all the scale there is: the wanted square lies between two of them, so both
// are taken, as often as makes the mean.
RandomRule power_of_two(DType type, std::size_t offset_of_e, double deviation, double square) {
  const double wanted = deviation * deviation / square;
  const int low = static_cast<int>(std::floor(std::log2(wanted) / 2));
  const double share = (wanted / std::pow(4.0, low) - 1) / 3;  // of the upper one
  const auto n_upper = static_cast<std::size_t>(std::lround(share * kScales));
  std::array<std::uint8_t, kScales> e{};
  for (std::size_t i = 0; i < kScales; ++i) {
    e[i] = static_cast<std::uint8_t>(127 + low + (i < n_upper ? 1 : 0));
  }
  return rule_of<std::uint8_t>(type, offset_of_e, e);
}

RandomRule mxfp4(double deviation) {
  double square = 0;  // of an element before its scale
  for (const std::int8_t doubled : quant::MXFP4::kDoubled) square += doubled * doubled / 4.0 / 16;
  return power_of_two(DType::kMXFP4, offsetof(quant::MXFP4::Block, e), deviation, square);
}

template <class Q>
RandomRule mxfp6(DType type, double deviation) {
  double square = 0;
  for (int code = 0; code < 64; ++code) {
    const double v = std::ldexp(static_cast<double>(Q::steps_of(code)), -Q::kFraction);
    square += v * v / 64;
  }
  return power_of_two(type, offsetof(typename Q::Block, e), deviation, square);
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
      return with_min<quant::Q4_1>(type, deviation, 16);
    case DType::kQ5_0:
      return scaled(type, offsetof(quant::Q5_0::Block, d), deviation / deviation_of_codes(32));
    case DType::kQ5_1:
      return with_min<quant::Q5_1>(type, deviation, 32);
    case DType::kQ8_0:
      return scaled(type, offsetof(quant::Q8_0::Block, d), deviation / deviation_of_codes(256));
    case DType::kQ2_K:
      return with_scaled_min<quant::Q2_K>(type, deviation, 16, 4);
    case DType::kQ3_K:
      return scaled(type, offsetof(quant::Q3_K::Block, d),
                    deviation / size_of_codes(-32, 31) / size_of_codes(-4, 3));
    case DType::kQ4_K:
      return with_scaled_min<quant::Q4_K>(type, deviation, 64, 16);
    case DType::kQ5_K:
      return with_scaled_min<quant::Q5_K>(type, deviation, 64, 32);
    case DType::kIQ4_NL:
      return scaled(type, offsetof(quant::IQ4_NL::Block, d), deviation / size_of_iq4());
    case DType::kIQ4_XS:
      return scaled(type, offsetof(quant::IQ4_XS::Block, d),
                    deviation / size_of_codes(-32, 31) / size_of_iq4());
    case DType::kMXFP6_E2M3:
      return mxfp6<quant::MXFP6_E2M3>(type, deviation);
    case DType::kMXFP6_E3M2:
      return mxfp6<quant::MXFP6_E3M2>(type, deviation);
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
