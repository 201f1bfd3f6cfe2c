// Arguments of the sampling kernels: rows are the head's.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

// edit_logits_rows: y = x, edited and masked. sample_fused_rows: see device/sampling.h.
struct EditLogitsArgs {
  RowsArgs rows;
  StepArgs step;
  const float* x;  // [n, vocab]
  i64 x_stride;
  float* y;  // [n, vocab], dense
  i32 vocab;
  i32 unused;
  GridArgs grid;
};

// top_k_rows.
struct TopKArgs {
  RowsArgs rows;
  const float* x;  // [n, vocab]
  i64 x_stride;
  float* values;  // [n, k], dense
  i32* ids;       // [n, k], dense
  i32 vocab, k;
  GridArgs grid;
};

// log_sum_exp_rows.
struct LogSumExpArgs {
  RowsArgs rows;
  const float* x;  // [n, vocab]
  i64 x_stride;
  float* y;  // [n]
  i32 vocab;
  i32 unused;
  GridArgs grid;
};

// sample_rows: of edited logits, their candidates and log-sum-exp.
struct SampleArgs {
  RowsArgs rows;
  StepArgs step;
  const float* logits;  // [n, vocab]
  i64 logits_stride;
  const float* values;    // [n, k], dense
  const i32* ids;         // [n, k], dense
  const float* log_sums;  // [n]
  i32* y;                 // [n]
  i32 vocab, k;
  GridArgs grid;
};

// What a workgroup leaves of its slice of a row.
struct SampleSliceArgs {
  float pick_logit, pick_draw;
  i32 pick_id;
  i32 n_keys;
  float largest, exp_sum;  // of its logits, of exp(logit - largest)
  i32 unused[2];
  u64 keys[kMaxCandidates];  // best first
};

// sample_fused_rows: of the head's logits. Workgroup (x, y) takes slice x of rows y, y + grid.y,
// ...
struct SampleFusedArgs {
  RowsArgs rows;
  StepArgs step;
  const float* x;  // [n, vocab]
  i64 x_stride;
  i32* y;                  // [n]
  SampleSliceArgs* parts;  // [n][grid.x]
  i32* tickets;            // [n], zero between launches. Not of the arena.
  i32 vocab;
  i32 slice;  // tokens of a slice: a multiple of 4
  GridArgs grid;
};

}  // namespace rocmforge::gpu
