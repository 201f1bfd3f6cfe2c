// y = x W^T with quantized weights and int8 activations: the reference. Per 32 columns b, with the
// weights' scale d and minimum m (Q4_1 alone) and the activations' scale s,
//   y += ((d * dot_b) + (m * sum_b)) * s        dot_b, sum_b: exact integers, below 2^24
// and the others y += (dot_b * s) * d. Every operation rounds on its own (no fused multiply-add),
// which is what the other instruction sets do too.
#include "backend/cpu/simd/generic/formats.h"
#include "backend/cpu/simd/scalar/scalar.h"

namespace rocmforge::cpu::scalar {
namespace {

constexpr int kChunkBlocks = 16;  // blocks of 32 columns decoded at a time

// 32 columns: the products of weights 0..15 and 16..31 are multiplied by half[0] and half[1].
struct Block {
  std::int8_t q[32];
  int half[2];
  float d;
  float m;
};

int byte_at(const std::byte* at) {
  return std::to_integer<int>(*at);
}

struct Q4_0 {
  static constexpr bool kHasMin = false;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q4_0Format::kBlockBytes;
    for (int i = 0; i < 16; ++i) {
      const int pair = byte_at(at + Q4_0Format::kQ + i);
      block.q[i] = static_cast<std::int8_t>((pair & 15) - 8);
      block.q[i + 16] = static_cast<std::int8_t>((pair >> 4) - 8);
    }
    block.half[0] = block.half[1] = 1;
    block.d = f16_to_f32(load<std::uint16_t>(at + Q4_0Format::kD));
  }
};

struct Q4_1 {
  static constexpr bool kHasMin = true;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q4_1Format::kBlockBytes;
    for (int i = 0; i < 16; ++i) {
      const int pair = byte_at(at + Q4_1Format::kQ + i);
      block.q[i] = static_cast<std::int8_t>(pair & 15);
      block.q[i + 16] = static_cast<std::int8_t>(pair >> 4);
    }
    block.half[0] = block.half[1] = 1;
    block.d = f16_to_f32(load<std::uint16_t>(at + Q4_1Format::kD));
    block.m = f16_to_f32(load<std::uint16_t>(at + Q4_1Format::kM));
  }
};

struct Q8_0 {
  static constexpr bool kHasMin = false;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q8_0Format::kBlockBytes;
    std::memcpy(block.q, at + Q8_0Format::kQ, 32);
    block.half[0] = block.half[1] = 1;
    block.d = f16_to_f32(load<std::uint16_t>(at + Q8_0Format::kD));
  }
};

struct Mxfp4 {
  static constexpr bool kHasMin = false;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Mxfp4Format::kBlockBytes;
    for (int i = 0; i < 16; ++i) {
      const int pair = byte_at(at + Mxfp4Format::kQ + i);
      block.q[i] = kMxfp4Values[pair & 15];
      block.q[i + 16] = kMxfp4Values[pair >> 4];
    }
    block.half[0] = block.half[1] = 1;
    block.d = e8m0_to_f32_halved(load<std::uint8_t>(at + Mxfp4Format::kE));
  }
};

struct Q6_K {
  static constexpr bool kHasMin = false;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 8 * Q6_KFormat::kBlockBytes;
    const auto part = static_cast<int>(b % 8);  // blocks 0..3 of each half of 128 columns
    const int quarter = part % 4;
    const std::byte* low = at + Q6_KFormat::kLow + part / 4 * 64 + quarter % 2 * 32;
    const std::byte* high = at + Q6_KFormat::kHigh + part / 4 * 32;
    for (int i = 0; i < 32; ++i) {
      const int nibble = (byte_at(low + i) >> (quarter / 2 * 4)) & 15;
      const int upper = (byte_at(high + i) >> (quarter * 2)) & 3;
      block.q[i] = static_cast<std::int8_t>((nibble | upper << 4) - 32);
    }
    for (int h = 0; h < 2; ++h) {
      block.half[h] = load<std::int8_t>(at + Q6_KFormat::kScales + 2 * part + h);
    }
    block.d = f16_to_f32(load<std::uint16_t>(at + Q6_KFormat::kD));
  }
};

int dot16(const std::int8_t* w, const std::int8_t* x) {
  int sum = 0;
  for (int i = 0; i < 16; ++i) sum += w[i] * x[i];
  return sum;
}

template <class T>
float product(const Block& block, const std::int8_t* values, float scale,
              const std::int16_t* sums) {
  const int dot =
      dot16(block.q, values) * block.half[0] + dot16(block.q + 16, values + 16) * block.half[1];
  if constexpr (T::kHasMin) {
    const float low = block.m * static_cast<float>(sums[0] + sums[1]);
    return (block.d * static_cast<float>(dot) + low) * scale;
  } else {
    return (static_cast<float>(dot) * scale) * block.d;
  }
}

template <class T>
void gemm(const GemmTile& tile) {
  Block blocks[kChunkBlocks] = {};
  const std::int64_t n_blocks = tile.k / 32;
  for (std::int32_t j = 0; j < tile.n_w; ++j) {
    const std::byte* row = tile.w + j * tile.w_stride;
    for (std::int64_t first = 0; first < n_blocks; first += kChunkBlocks) {
      const std::int64_t n = n_blocks - first < kChunkBlocks ? n_blocks - first : kChunkBlocks;
      for (std::int64_t b = 0; b < n; ++b) T::decode(row, first + b, blocks[b]);
      for (std::int32_t i = 0; i < tile.n_x; ++i) {
        const std::int64_t at = i * n_blocks + first;
        float& out = tile.out[i * tile.out_stride + j];
        float sum = first == 0 ? 0.0f : out;
        for (std::int64_t b = 0; b < n; ++b) {
          sum += product<T>(blocks[b], tile.x.values + (at + b) * 32, tile.x.scales[at + b],
                            tile.x.sums + (at + b) * 2);
        }
        out = sum;
      }
    }
  }
}

}  // namespace

void gemm_q4_0(const GemmTile& tile) {
  gemm<Q4_0>(tile);
}
void gemm_q4_1(const GemmTile& tile) {
  gemm<Q4_1>(tile);
}
void gemm_q8_0(const GemmTile& tile) {
  gemm<Q8_0>(tile);
}
void gemm_q6_k(const GemmTile& tile) {
  gemm<Q6_K>(tile);
}
void gemm_mxfp4(const GemmTile& tile) {
  gemm<Mxfp4>(tile);
}

}  // namespace rocmforge::cpu::scalar
