// Arguments of rows_gather: y[i] = x[ids[i]], 4-byte elements.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct GatherArgs {
  RowsArgs rows;    // of y
  RowsArgs x_rows;  // of x: what an id must be below
  const u32* x;
  i64 x_stride;
  const i32* ids;
  u32* y;  // [n, cols], dense
  i32 cols;
  i32 unused;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
