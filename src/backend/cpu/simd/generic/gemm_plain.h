// y = x W^T with F32, F16 and BF16 weights, over a set's simd.h.
//
// A product sums its columns in one vector, each lane every kLanes'th column with fused
// multiply-adds, and then the lanes in a fixed tree; so it does not depend on the tile. A tile is
// four weight rows (repeated past the last) by some rows of x, all in registers; x is taken in
// parts that stay in the second-level cache while all weight rows pass.
#pragma once

#include "backend/cpu/simd/generic/prefetch.h"

namespace rocmforge::cpu {
namespace {

constexpr std::int64_t kXPartBytes = 256 * 1024;

struct F32 {
  static constexpr int kBytes = 4;
  static Floats load(const Byte* at) { return load_floats(reinterpret_cast<const float*>(at)); }
  static Floats load(const Byte* at, int n) {
    return load_floats(reinterpret_cast<const float*>(at), n);
  }
};
struct F16 {
  static constexpr int kBytes = 2;
  static Floats load(const Byte* at) { return load_f16(at); }
  static Floats load(const Byte* at, int n) {
    alignas(16) Byte padded[kLanes * 2] = {};
    __builtin_memcpy(padded, at, static_cast<std::size_t>(n) * 2);
    return load_f16(padded);
  }
};
struct BF16 {
  static constexpr int kBytes = 2;
  static Floats load(const Byte* at) { return load_bf16(at); }
  static Floats load(const Byte* at, int n) {
    alignas(16) Byte padded[kLanes * 2] = {};
    __builtin_memcpy(padded, at, static_cast<std::size_t>(n) * 2);
    return load_bf16(padded);
  }
};

// Four weight rows a group, those past the end repeating the last, by kRows rows of x.
template <class T, int kGroups, int kRows>
void plain_tile(const GemmTile& tile, std::int32_t first_w, std::int32_t first_x) {
  const Byte* w[4 * kGroups];
  for (int j = 0; j < 4 * kGroups; ++j) {
    const std::int32_t row = first_w + j < tile.n_w ? first_w + j : tile.n_w - 1;
    w[j] = reinterpret_cast<const Byte*>(tile.w + row * tile.w_stride);
  }
  const float* x = tile.x.f32 + first_x * tile.x.f32_stride;
  Floats y[kRows][kGroups][4];
  for (int i = 0; i < kRows; ++i) {
    for (int g = 0; g < kGroups; ++g) {
      for (int j = 0; j < 4; ++j) y[i][g][j] = zero_floats();
    }
  }
  const auto step = [&](auto load_w, auto load_x) __attribute__((always_inline)) {
    Floats columns[kRows];
    for (int i = 0; i < kRows; ++i) columns[i] = load_x(x + i * tile.x.f32_stride);
    for (int g = 0; g < kGroups; ++g) {
      for (int j = 0; j < 4; ++j) {
        const Floats weights = load_w(w[4 * g + j]);
        for (int i = 0; i < kRows; ++i) y[i][g][j] = fma(weights, columns[i], y[i][g][j]);
      }
    }
  };
  const Byte* ahead = w[0] + prefetch_distance(4 * kGroups * tile.w_stride);
  std::int64_t c = 0;
  for (; c + kLanes <= tile.k; c += kLanes) {
    if constexpr (kRows == 1 && kGroups > 1) {
      constexpr int kStepBytes = 4 * kGroups * kLanes * T::kBytes;
      prefetch<kStepBytes>(ahead);
      ahead += kStepBytes;
    }
    step([c](const Byte* at) { return T::load(at + c * T::kBytes); },
         [c](const float* at) { return load_floats(at + c); });
  }
  if (const int n = static_cast<int>(tile.k - c); n > 0) {
    step([c, n](const Byte* at) { return T::load(at + c * T::kBytes, n); },
         [c, n](const float* at) { return load_floats(at + c, n); });
  }
  for (int i = 0; i < kRows; ++i) {
    for (int g = 0; g < kGroups; ++g) {
      const std::int32_t j = first_w + 4 * g;
      if (j < tile.n_w) {
        store_4(tile.out + (first_x + i) * tile.out_stride + j, sum_4(y[i][g]), tile.n_w - j);
      }
    }
  }
}

// plain_tile of four weight rows for n_x rows of x, 1 to kRows.
template <class T, int kRows>
inline void plain_rows(const GemmTile& tile, std::int32_t first_w, std::int32_t first_x,
                       std::int32_t n_x) {
  if constexpr (kRows > 1) {
    if (n_x < kRows) return plain_rows<T, kRows - 1>(tile, first_w, first_x, n_x);
  }
  plain_tile<T, 1, kRows>(tile, first_w, first_x);
}

template <class T>
void gemm_plain(const GemmTile& tile) {
  if (tile.n_x == 1) {
    for (std::int32_t j = 0; j < tile.n_w; j += 8) plain_tile<T, 2, 1>(tile, j, 0);
    return;
  }
  const std::int64_t fitting = kXPartBytes / (4 * (tile.k + 1)) / kPlainX * kPlainX;
  const std::int64_t part = fitting > kPlainX ? fitting : kPlainX;
  for (std::int64_t first = 0; first < tile.n_x; first += part) {
    const std::int64_t end = first + part < tile.n_x ? first + part : tile.n_x;
    for (std::int32_t j = 0; j < tile.n_w; j += 4) {
      for (std::int64_t i = first; i < end; i += kPlainX) {
        const std::int64_t n = end - i < kPlainX ? end - i : kPlainX;
        plain_rows<T, kPlainX>(tile, j, static_cast<std::int32_t>(i), static_cast<std::int32_t>(n));
      }
    }
  }
}

}  // namespace
}  // namespace rocmforge::cpu
