// The inner loops that want one instruction set each: products with weights, and attention. One
// table of functions an instruction set, all with the same meaning; the scalar one is the
// reference.
//
// Each set's files are compiled with its own flags and include nothing but this header and
// <immintrin.h>, so that no inline function of theirs can be linked into another set's code.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/cpu/simd/isa.h"
#include "tensor/dtype.h"

namespace rocmforge::cpu {

// Rows of activations for one matmul, [n_rows, k], in the form its weights multiply with.
// Plain weights (F32, F16, BF16) take `f32`; quantized ones take int8 with a scale each 32 columns,
// x ~ scales * values, |values| <= 127, and the sum of each 16 values, by which a weight's constant
// part (the offset of unsigned weights, a minimum) is multiplied.
struct Activations {
  const float* f32 = nullptr;  // row stride f32_stride
  std::int64_t f32_stride = 0;
  const std::int8_t* values = nullptr;  // [n_rows][k]
  const float* scales = nullptr;        // [n_rows][k / 32]
  const std::int16_t* sums = nullptr;   // [n_rows][k / 16]
};

// A tile of y = x W^T: out[i * out_stride + j] = dot(w row j, x row i), i < n_x, j < n_w.
// `w` is the first weight row, in the file's layout, rows `w_stride` bytes apart;
// neither needs alignment. k is whole blocks of the type. No output depends on n_w, n_x or its
// place in the tile, to the bit; with quantized weights it is the same to the bit in every
// instruction set: blocks are summed exactly in integers, and in the order of the columns after
// that.
struct GemmTile {
  const std::byte* w = nullptr;
  std::int64_t w_stride = 0;
  std::int32_t n_w = 0;
  Activations x;
  std::int32_t n_x = 0;
  std::int64_t k = 0;
  float* out = nullptr;
  std::int64_t out_stride = 0;
};

// One head's queries against one KV block, both sides of which are [tokens][head_dim] of F16 or
// F32.
struct KvTile {
  const std::byte* block = nullptr;  // first token's vector
  std::int32_t n_tokens = 0;         // at most ir::kBlockTokens
  std::int32_t head_dim = 0;
};

struct Kernels {
  Isa isa;
  // Values, scales and sums of one row; k is a multiple of 32. Per 32 columns: scale = max|x| /
  // 127, values = x * (127 / max|x|) to the nearest integer, ties to even. Where max|x| < 2^-119,
  // scale and values are 0; where any x is Inf or NaN, the scale is NaN and the values are 0, so
  // that the products say so. The same to the bit in every instruction set.
  void (*quantize_row)(const float* x, std::int64_t k, std::int8_t* values, float* scales,
                       std::int16_t* sums);
  // By DType; null for types that are no matmul weights (I32).
  void (*gemm[kNumDTypes])(const GemmTile& tile);
  // scores[i * score_stride + t] = dot(q[i * q_stride ...], token t), i < n_q. [kv dtype: F16, F32]
  void (*attention_scores_f16)(const KvTile& keys, const float* q, std::int64_t q_stride,
                               std::int32_t n_q, float* scores, std::int64_t score_stride);
  void (*attention_scores_f32)(const KvTile& keys, const float* q, std::int64_t q_stride,
                               std::int32_t n_q, float* scores, std::int64_t score_stride);
  // acc[i * acc_stride + d] += sum over t of p[i * p_stride + t] * values[t][d].
  void (*attention_values_f16)(const KvTile& values, const float* p, std::int64_t p_stride,
                               std::int32_t n_q, float* acc, std::int64_t acc_stride);
  void (*attention_values_f32)(const KvTile& values, const float* p, std::int64_t p_stride,
                               std::int32_t n_q, float* acc, std::int64_t acc_stride);
  // F32 -> F16, rounding to nearest even; NaN stays NaN.
  void (*to_f16)(const float* x, std::int64_t n, std::byte* out);
};

// The table of an available instruction set (checked).
const Kernels& kernels(Isa isa);

}  // namespace rocmforge::cpu
