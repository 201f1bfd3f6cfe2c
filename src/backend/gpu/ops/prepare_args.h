// Arguments of prepare_rows: rows of activations, normalised if there is a gain, as products of
// many rows take them (HalvesArgs).
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct PrepareArgs {
  RowsArgs rows;
  const float* x;
  i64 x_stride;
  const float* gain;  // [cols] F32, or null: no norm
  u16 *f16, *bf16;    // part 0
  float* scale;       // [n], of F16
  i64 part;
  i32 n_f16, n_bf16;  // parts of each
  i32 cols, padded;
  float eps;
  i32 int8_at;  // as in HalvesArgs
  GridArgs grid;
};

}  // namespace rocmforge::gpu
