// y = x W^T with F32, F16 and BF16 weights.
#include "backend/cpu/simd/scalar/scalar.h"

namespace rocmforge::cpu::scalar {
namespace {

constexpr int kLanes = 16;            // partial sums of a product: what vectors can use
constexpr std::int64_t kChunk = 512;  // columns decoded at a time

struct F32 {
  static constexpr int kBytes = 4;
  static float at(const std::byte* w) { return load<float>(w); }
};
struct F16 {
  static constexpr int kBytes = 2;
  static float at(const std::byte* w) { return f16_to_f32(load<std::uint16_t>(w)); }
};
struct BF16 {
  static constexpr int kBytes = 2;
  static float at(const std::byte* w) { return bf16_to_f32(load<std::uint16_t>(w)); }
};

float dot(const float* w, const float* x, std::int64_t n) {
  float lanes[kLanes] = {};
  std::int64_t c = 0;
  for (; c + kLanes <= n; c += kLanes) {
    for (int l = 0; l < kLanes; ++l) lanes[l] += w[c + l] * x[c + l];
  }
  for (int l = 0; c + l < n; ++l) lanes[l] += w[c + l] * x[c + l];
  float sum = 0.0f;
  for (const float lane : lanes) sum += lane;
  return sum;
}

template <class T>
void gemm(const GemmTile& tile) {
  float weights[kChunk];
  for (std::int32_t j = 0; j < tile.n_w; ++j) {
    const std::byte* row = tile.w + j * tile.w_stride;
    for (std::int64_t first = 0; first < tile.k; first += kChunk) {
      const std::int64_t n = tile.k - first < kChunk ? tile.k - first : kChunk;
      for (std::int64_t c = 0; c < n; ++c) weights[c] = T::at(row + (first + c) * T::kBytes);
      for (std::int32_t i = 0; i < tile.n_x; ++i) {
        float& out = tile.out[i * tile.out_stride + j];
        const float sum = dot(weights, tile.x.f32 + i * tile.x.f32_stride + first, n);
        out = first == 0 ? sum : out + sum;
      }
    }
  }
}

}  // namespace

void gemm_f32(const GemmTile& tile) {
  gemm<F32>(tile);
}
void gemm_f16(const GemmTile& tile) {
  gemm<F16>(tile);
}
void gemm_bf16(const GemmTile& tile) {
  gemm<BF16>(tile);
}

}  // namespace rocmforge::cpu::scalar
