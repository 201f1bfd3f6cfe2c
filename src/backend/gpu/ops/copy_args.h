// Arguments of copy_rows: a dense copy of 4-byte elements.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct CopyArgs {
  RowsArgs rows;
  const u32* x;
  i64 x_stride;
  u32* y;  // [n, cols], dense
  i32 cols;
  i32 unused;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
