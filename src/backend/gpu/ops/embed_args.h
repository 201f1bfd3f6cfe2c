// Arguments of embed_rows: y[i] = table[tokens[i]], widened; a token of -1 - k is sampled[k].
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct EmbedArgs {
  RowsArgs rows;
  const i32* tokens;
  const i32* sampled;  // [n_sampled], or null
  i32 n_sampled;
  i32 unused;
  float* y;  // [n, table.cols], dense
  WeightArgs table;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
