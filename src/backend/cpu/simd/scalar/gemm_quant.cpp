// y = x W^T with quantized weights and int8 activations: the reference. Per 32 columns b, with the
// weights' scale d, where the type has one their minimum m, and the activations' scale s,
//   y += ((d * dot_b) + (m * sum_b)) * s        dot_b, sum_b: exact integers, below 2^24
// and the others y += (dot_b * s) * d. Every operation rounds on its own (no fused multiply-add),
// which is what the other instruction sets do too.
#include "backend/cpu/simd/scalar/blocks.h"
#include "backend/cpu/simd/scalar/scalar.h"

namespace rocmforge::cpu::scalar {
namespace {

constexpr int kChunkBlocks = 16;  // blocks of 32 columns decoded at a time

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
    const float low = block.m * static_cast<float>(sums[0] * block.min[0] + sums[1] * block.min[1]);
    return (block.d * static_cast<float>(dot) + low) * scale;
  } else {
    return (static_cast<float>(dot) * scale) * block.d;
  }
}

template <class T>
void gemm(const GemmTile& tile) {
  Block blocks[kChunkBlocks] = {};
  const std::int64_t n_blocks = tile.k / 32 * T::kTerms;
  for (std::int32_t j = 0; j < tile.n_w; ++j) {
    const std::byte* row = tile.w + j * tile.w_stride;
    for (std::int64_t first = 0; first < n_blocks; first += kChunkBlocks) {
      const std::int64_t n = n_blocks - first < kChunkBlocks ? n_blocks - first : kChunkBlocks;
      for (std::int64_t b = 0; b < n; ++b) T::decode(row, first + b, blocks[b]);
      for (std::int32_t i = 0; i < tile.n_x; ++i) {
        const std::int64_t at = (i * n_blocks + first) / T::kTerms;
        float& out = tile.out[i * tile.out_stride + j];
        float sum = first == 0 ? 0.0f : out;
        for (std::int64_t b = 0; b < n; ++b) {
          const std::int64_t x = at + b / T::kTerms;
          sum +=
              product<T>(blocks[b], tile.x.values + x * 32, tile.x.scales[x], tile.x.sums + x * 2);
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
void gemm_q5_0(const GemmTile& tile) {
  gemm<Q5_0>(tile);
}
void gemm_q5_1(const GemmTile& tile) {
  gemm<Q5_1>(tile);
}
void gemm_iq4_nl(const GemmTile& tile) {
  gemm<Iq4Nl>(tile);
}
void gemm_mxfp6_e2m3(const GemmTile& tile) {
  gemm<Mxfp6E2M3>(tile);
}
void gemm_mxfp6_e3m2(const GemmTile& tile) {
  gemm<Mxfp6E3M2>(tile);
}
void gemm_q2_k(const GemmTile& tile) {
  gemm<Q2_K>(tile);
}
void gemm_q3_k(const GemmTile& tile) {
  gemm<Q3_K>(tile);
}
void gemm_q4_k(const GemmTile& tile) {
  gemm<Q4_K>(tile);
}
void gemm_q5_k(const GemmTile& tile) {
  gemm<Q5_K>(tile);
}
void gemm_iq4_xs(const GemmTile& tile) {
  gemm<Iq4Xs>(tile);
}

}  // namespace rocmforge::cpu::scalar
