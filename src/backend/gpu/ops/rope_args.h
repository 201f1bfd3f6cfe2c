// Arguments of rope_rows.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct RopeArgs {
  RowsArgs rows;
  const float* x;
  i64 x_stride;
  const float* angles;  // [n][n_rot / 2][cos, sin]
  i64 angles_stride;
  float* y;  // [n, cols], dense
  i32 cols;  // whole heads
  i32 unused;
  RopeSpecArgs rope;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
