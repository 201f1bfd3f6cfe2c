// Arguments of repack_<weight type>: a run of a segment's units, from the file's layout into
// planes.
#pragma once

#include "backend/gpu/ops/weight_args.h"

namespace rocmforge::gpu {

struct RepackArgs {
  const u8* from;                 // the run's first block, as the file has it; at a multiple of 16
  u8 *q, *high, *scales, *super;  // the segment's planes
  i32 first_row;   // of the segment, and the unit (plain: element) in that row, where
  i32 first_unit;  // the run begins: at a block's begin
  i32 n;           // units, whole blocks; it goes on in the rows after
  i32 cols;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
