// How the sampling ops are launched.
#pragma once

#include <cstdint>
#include <string>

#include "backend/gpu/ops/launch.h"

namespace rocmforge::gpu {

// `rows` of the bucket's head, `vocab` tokens each.
Launch plan_edit_logits(std::int64_t rows, std::int64_t vocab, const ArchInfo& arch);
Launch plan_top_k(std::int64_t rows, const ArchInfo& arch);
Launch plan_log_sum_exp(std::int64_t rows, const ArchInfo& arch);
Launch plan_sample(std::int64_t rows, const ArchInfo& arch);

struct SampleFusedPlan {
  Launch launch;                 // grid_x slices of a row, grid_y rows at a time
  std::int32_t slice = 0;        // tokens
  std::int64_t parts_bytes = 0;  // of scratch
  std::int64_t n_tickets = 0;    // one a row
};
SampleFusedPlan plan_sample_fused(std::int64_t rows, std::int64_t vocab, const ArchInfo& arch);
std::string to_string(const SampleFusedPlan& plan);

}  // namespace rocmforge::gpu
