// Arguments of attention_scores_f16 and attention_scores_f32.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct AttentionScoresArgs {
  StepArgs step;
  const float* q;
  i64 q_stride;
  KvArgs kv;
  float* y;  // [n, n_heads, columns], dense
  i32 n_heads;
  i32 columns;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
