// Arguments of scale_rows: y = factor * x.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct ScaleArgs {
  RowsArgs rows;
  const float* x;
  i64 x_stride;
  float* y;  // [n, cols], dense
  i32 cols;
  float factor;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
