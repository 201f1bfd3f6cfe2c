// Arguments of softmax_rows.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct SoftmaxArgs {
  RowsArgs rows;
  const float* x;
  i64 x_stride;
  float* y;  // [n, cols], dense
  i32 cols;
  i32 unused;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
