// One head's queries against the tokens of one KV block, over a set's simd.h. Scores are products
// of the queries with the keys as weights; values are sums of vectors, lane by lane, in the order
// of the tokens.
#pragma once

#include "backend/cpu/simd/generic/gemm_plain.h"

namespace rocmforge::cpu {
namespace {

template <class T>
void scores_of(const KvTile& keys, const float* q, std::int64_t q_stride, std::int32_t n_q,
               float* scores, std::int64_t score_stride) {
  GemmTile tile;
  tile.w = keys.block;
  tile.w_stride = std::int64_t{keys.head_dim} * T::kBytes;
  tile.n_w = keys.n_tokens;
  tile.x.f32 = q;
  tile.x.f32_stride = q_stride;
  tile.n_x = n_q;
  tile.k = keys.head_dim;
  tile.out = scores;
  tile.out_stride = score_stride;
  gemm_plain<T>(tile);
}

struct ValuesArgs {
  KvTile values;
  const float* p;
  std::int64_t p_stride;
  float* acc;
  std::int64_t acc_stride;
};

// acc of kRows queries from `first`, kVectors vectors from column d; `n` columns of the last one.
template <class T, int kRows, int kVectors>
inline void values_tile(const ValuesArgs& args, std::int32_t first, int d, int n) {
  const std::int64_t row_bytes = std::int64_t{args.values.head_dim} * T::kBytes;
  const Byte* v = reinterpret_cast<const Byte*>(args.values.block) + std::int64_t{d} * T::kBytes;
  const float* p = args.p + first * args.p_stride;
  float* acc = args.acc + first * args.acc_stride + d;
  Floats sums[kRows][kVectors];
  for (int i = 0; i < kRows; ++i) {
    for (int l = 0; l < kVectors; ++l) {
      const float* at = acc + i * args.acc_stride + l * kLanes;
      sums[i][l] = n == kLanes ? load_floats(at) : load_floats(at, n);
    }
  }
  for (std::int32_t t = 0; t < args.values.n_tokens; ++t, v += row_bytes) {
    Floats value[kVectors];
    for (int l = 0; l < kVectors; ++l) {
      const Byte* at = v + l * kLanes * T::kBytes;
      value[l] = n == kLanes ? T::load(at) : T::load(at, n);
    }
    for (int i = 0; i < kRows; ++i) {
      const Floats weight = broadcast(p[i * args.p_stride + t]);
      for (int l = 0; l < kVectors; ++l) sums[i][l] = fma(weight, value[l], sums[i][l]);
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int l = 0; l < kVectors; ++l) {
      float* at = acc + i * args.acc_stride + l * kLanes;
      if (n == kLanes) {
        store_floats(at, sums[i][l]);
      } else {
        store_floats(at, sums[i][l], n);
      }
    }
  }
}

template <class T, int kRows>
inline void values_rows(const ValuesArgs& args, std::int32_t first) {
  const int head_dim = args.values.head_dim;
  int d = 0;
  for (; d + 2 * kLanes <= head_dim; d += 2 * kLanes) {
    values_tile<T, kRows, 2>(args, first, d, kLanes);
  }
  for (; d + kLanes <= head_dim; d += kLanes) values_tile<T, kRows, 1>(args, first, d, kLanes);
  if (d < head_dim) values_tile<T, kRows, 1>(args, first, d, head_dim - d);
}

template <class T>
void values_of(const ValuesArgs& args, std::int32_t n_q) {
  std::int32_t i = 0;
  for (; i + kValuesX <= n_q; i += kValuesX) values_rows<T, kValuesX>(args, i);
  for (; i + 2 <= n_q; i += 2) values_rows<T, 2>(args, i);
  for (; i < n_q; ++i) values_rows<T, 1>(args, i);
}

}  // namespace
}  // namespace rocmforge::cpu
