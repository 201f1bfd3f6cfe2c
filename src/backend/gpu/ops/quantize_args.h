// Arguments of quantize_rows: rows of activations, normalised if there is a gain, as matmul takes
// them.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct QuantizeArgs {
  RowsArgs rows;
  const float* x;
  i64 x_stride;
  const float* gain;  // [cols] F32, or null: no norm
  float* f32;         // [n, cols] normalised rows for plain weights, or null
  QuantizedArgs q;    // q.values null: no int8
  i32 cols;           // a multiple of 32 where there is int8
  float eps;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
