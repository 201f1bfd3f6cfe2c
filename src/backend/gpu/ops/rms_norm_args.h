// Arguments of rms_norm_wave and rms_norm_group.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct RmsNormArgs {
  RowsArgs rows;
  const float* x;
  i64 x_stride;  // elements
  float* y;      // [n, cols], dense
  const float* gain;
  i32 cols;    // a multiple of length
  i32 length;  // of the gain
  float eps;
  i32 unused;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
