// Arguments of random_blocks: made-up blocks of one tensor, in the file's layout.
#pragma once

#include "backend/gpu/ops/common_args.h"
#include "tensor/quant/random.h"

namespace rocmforge::gpu {

struct RandomArgs {
  u8* out;
  u64 seed;
  i64 first_block;  // the one that lies at `out`
  i64 n_blocks;
  quant::RandomRule rule;
  GridArgs grid;
};
static_assert(sizeof(RandomArgs) <= 4096, "what a driver takes as arguments");

}  // namespace rocmforge::gpu
