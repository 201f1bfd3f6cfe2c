// Arguments of embed_rows: y[i] = table[tokens[i]], widened.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct EmbedArgs {
  RowsArgs rows;
  const i32* tokens;
  float* y;  // [n, table.cols], dense
  WeightArgs table;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
