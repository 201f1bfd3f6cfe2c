// Arguments of attention_values_f16 and attention_values_f32.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct AttentionValuesArgs {
  StepArgs step;
  const float* w;  // [n, n_heads, columns]
  i64 w_stride;    // of a (row, head)
  KvArgs kv;
  float* y;  // [n, n_heads * head_dim], dense
  i32 n_heads;
  i32 columns;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
