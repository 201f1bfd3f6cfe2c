// Arguments of mask_rows: y = x, -inf where column > positions[row / heads].
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct MaskArgs {
  RowsArgs rows;  // of [n * heads]
  const float* x;
  i64 x_stride;
  const i32* positions;  // [n]
  float* y;              // [n * heads, cols], dense
  i32 cols;
  i32 heads;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
