// Arguments of kv_write_f16 and kv_write_f32: k and v to the step's KV slots, k
// normalised by heads and rotated if there are norm and rope.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

struct KvWriteArgs {
  StepArgs step;
  const float* k;
  i64 k_stride;
  const float* v;
  i64 v_stride;
  KvArgs kv;
  RopeSpecArgs rope;
  HeadNormArgs norm;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
