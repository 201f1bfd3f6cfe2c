// Arguments of paged_attention_<kv type>_<greatest head_dim>.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

// Queries (rows of an item times heads of a group) that pass over K and V together.
inline constexpr int kPagedAttentionTile = 8;

// Items of sequences with at most so many rows in the step pass over K and V by matrix units 16
// queries a workgroup (device/attention_few.h), others 128 queries (attention_many.h).
inline constexpr int kFewRows = 8;
inline constexpr int kFewQueries = 16;
inline constexpr int kManyQueries = 128;
// Floats before the weighted values of a partial result there: maximum, sum, two unused.
inline constexpr int kPartialHead = 4;

struct PagedAttentionArgs {
  StepArgs step;
  const float* q;  // [n, n_heads * head_dim]
  i64 q_stride;
  const float* k;  // [n, n_kv_heads * head_dim]
  i64 k_stride;
  const float* v;
  i64 v_stride;
  KvArgs kv;
  float* y;  // [n, n_heads * head_dim], dense
  // [max_partials][n_heads][2 + head_dim]: maximum, sum, weighted values; with matrix units
  // [kPartialHead + head_dim], the maximum in units of log2.
  float* partials;
  // [max_partials * n_kv_heads * head_tiles] of the plan, zero between launches. Not of the arena.
  i32* tickets;
  RopeSpecArgs rope;
  HeadNormArgs q_norm, k_norm;
  i32 n_heads;
  float scale;
  i32 write_kv;  // 1: k and v are stored first; else kv_write has done it
  i32 unused;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
