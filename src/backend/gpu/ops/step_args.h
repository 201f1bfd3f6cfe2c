// The step buffer as kernels take it.
#pragma once

#include "backend/gpu/ops/common_args.h"
#include "ir/ops.h"
#include "ir/step.h"

namespace rocmforge::gpu {

// `base` is the step buffer's address on the device. Error{kInternal} when an offset passes 2 GiB.
StepArgs step_args(const ir::StepLayout& layout, const void* base);

// Rows of an operand: fixed + per_step * the step's rows.
RowsArgs rows_args(const ir::StepLayout& layout, const void* base, std::int64_t fixed,
                   std::int64_t per_step, bool of_head);

RopeSpecArgs rope_args(const ir::RopeSpec& rope);

}  // namespace rocmforge::gpu
