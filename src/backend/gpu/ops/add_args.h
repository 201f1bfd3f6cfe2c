// Arguments of add_rows: y = a + b; y may be a (accumulate).
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct AddArgs {
  RowsArgs rows;
  const float* a;
  i64 a_stride;
  const float* b;
  i64 b_stride;
  float* y;  // [n, cols], dense
  i32 cols;
  i32 unused;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
