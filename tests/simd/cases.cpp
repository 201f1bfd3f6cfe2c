#include "simd/cases.h"

#include <cstring>

#include "tensor/half.h"

namespace rocmforge::test {
namespace {

void put_f16(std::byte* at, float x) {
  const std::uint16_t half = f32_to_f16(x);
  std::memcpy(at, &half, 2);
}

// A scale: moderate, or (extreme) large, denormal or zero.
float scale_of(Random& random, WeightKind kind) {
  if (kind == WeightKind::kRandom) return random.uniform() * 0.1f;
  constexpr float kScales[] = {1000.0f, -1000.0f, 0x1p-24f, -0x1p-20f, 0.0f, 1.0f};
  return kScales[random.bits() % std::size(kScales)];
}

void fill_plain(DType type, std::byte* row, std::int64_t k, WeightKind kind, Random& random) {
  for (std::int64_t i = 0; i < k; ++i) {
    const float x = kind == WeightKind::kRandom ? random.uniform() : scale_of(random, kind);
    if (type == DType::kF32) {
      std::memcpy(row + 4 * i, &x, 4);
    } else {
      const std::uint16_t bits = type == DType::kF16 ? f32_to_f16(x) : f32_to_bf16(x);
      std::memcpy(row + 2 * i, &bits, 2);
    }
  }
}

void set_scales(DType type, std::byte* block, WeightKind kind, Random& random) {
  switch (type) {
    case DType::kQ4_0:
    case DType::kQ5_0:
    case DType::kQ8_0:
    case DType::kIQ4_NL:
    case DType::kIQ4_XS:
      put_f16(block, scale_of(random, kind));
      break;
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      put_f16(block, scale_of(random, kind));
      put_f16(block + 2, scale_of(random, kind));
      break;
    case DType::kQ6_K:
      put_f16(block + 208, scale_of(random, kind));
      break;
    case DType::kQ2_K:
      put_f16(block + 80, scale_of(random, kind));
      put_f16(block + 82, scale_of(random, kind));
      break;
    case DType::kQ3_K:
      put_f16(block + 108, scale_of(random, kind));
      break;
    case DType::kMXFP4:
    case DType::kMXFP6_E2M3:
    case DType::kMXFP6_E3M2:
      block[0] = static_cast<std::byte>(kind == WeightKind::kRandom ? 120 + random.bits() % 8
                                                                    : random.bits() % 4 * 60);
      break;
    default:
      break;
  }
}

void fill_quantized(DType type, std::byte* row, std::int64_t k, WeightKind kind, Random& random) {
  const DTypeInfo& format = info(type);
  for (std::int64_t b = 0; b < k / format.block_elems; ++b) {
    std::byte* block = row + b * format.block_bytes;
    // 0x80 and 0x7f are Q8_0's (and Q6_K's factors') ends, 0x00 and 0xff the nibbles'.
    constexpr std::byte kPatterns[] = {std::byte{0xff}, std::byte{0x00}, std::byte{0x80},
                                       std::byte{0x7f}};
    const std::byte pattern = kPatterns[random.bits() % 4];
    for (std::int64_t i = 0; i < format.block_bytes; ++i) {
      block[i] =
          kind == WeightKind::kRandom ? static_cast<std::byte>(random.bits() & 255u) : pattern;
    }
    set_scales(type, block, kind, random);
  }
}

}  // namespace

Weights::Weights(DType type, std::int64_t n_rows, std::int64_t k, WeightKind kind,
                 std::uint64_t seed)
    : type_(type), k_(k), row_bytes_(bytes_of(type, k)) {
  Random random(seed);
  // Rows begin at odd addresses where the blocks' size is odd.
  const std::int64_t step = info(type).block_bytes % 2 == 1 ? 1 : 2;
  stride_ = row_bytes_ + 5 * step;
  // The last row ends where the allocation ends, so that a read past it is found.
  const auto aligned = static_cast<std::ptrdiff_t>((n_rows - 1) * stride_ + row_bytes_);
  offset_ = step;
  bytes_.resize(static_cast<std::size_t>(aligned + offset_), std::byte{0xff});
  for (std::int64_t row = 0; row < n_rows; ++row) {
    std::byte* at = bytes_.data() + offset_ + row * stride_;
    if (info(type).is_quantized()) {
      fill_quantized(type, at, k, kind, random);
    } else {
      fill_plain(type, at, k, kind, random);
    }
  }
}

std::vector<float> Weights::decoded_row(std::int64_t row) const {
  std::vector<float> out(static_cast<std::size_t>(k_));
  info(type_).decode(data() + row * stride_, out.data(), k_);
  return out;
}

Inputs::Inputs(const cpu::Kernels& kernels, std::int64_t n_rows, std::int64_t k, float scale,
               std::uint64_t seed)
    : stride(k + 3),
      f32(static_cast<std::size_t>(n_rows * stride)),
      values(static_cast<std::size_t>(n_rows * k)),
      scales(static_cast<std::size_t>(n_rows * k / 32)),
      sums(static_cast<std::size_t>(n_rows * k / 16)) {
  Random random(seed);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    float* row = f32.data() + i * stride;
    for (std::int64_t c = 0; c < k; ++c) {
      const float sharp = random.bits() % 32 == 0 ? 1.0f : 0.01f;
      row[c] = i % 7 == 6 ? 0.0f : random.uniform() * scale * sharp;
    }
    if (k % 32 == 0) {
      kernels.quantize_row(row, k, values.data() + i * k, scales.data() + i * k / 32,
                           sums.data() + i * k / 16);
    }
  }
}

cpu::Activations Inputs::rows(std::int64_t first, std::int64_t k) const {
  return {f32.data() + first * stride, stride, values.data() + first * k,
          scales.data() + first * k / 32, sums.data() + first * k / 16};
}

}  // namespace rocmforge::test
