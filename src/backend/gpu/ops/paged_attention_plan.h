// How attention is launched: its grid is the card's, never the context's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backend/gpu/ops/launch.h"
#include "ir/ops.h"
#include "tensor/dtype.h"

namespace rocmforge::gpu {

struct PagedAttentionDesc {
  ir::AttentionSpec attention;
  DType kv = DType::kF16;
  std::int64_t n = 1;             // rows: the bucket's
  std::int64_t max_partials = 0;  // ir::StepLimits
};

struct PagedAttentionPlan {
  std::optional<Launch> kv_write;  // first, where the attention does not store k and v itself
  Launch attention;
  std::optional<Launch> many;       // then, by matrix units: the items of many rows
  std::int64_t partials_bytes = 0;  // of scratch
  // i32, zero before the first launch and after each; in memory of their own, not in the arena.
  std::int64_t n_tickets = 0;
};

// Error{kUnsupported} for heads of over 1024 dimensions.
PagedAttentionPlan plan_paged_attention(const PagedAttentionDesc& desc, const ArchInfo& arch);
std::string to_string(const PagedAttentionPlan& plan);

}  // namespace rocmforge::gpu
