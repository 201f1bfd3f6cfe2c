#include "backend/gpu/ops/paged_attention_plan.h"

#include <algorithm>

#include "backend/gpu/ops/paged_attention_args.h"
#include "backend/gpu/ops/row_plans.h"
#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

constexpr std::int32_t kThreads = 128;  // device/paged_attention.h: kAttentionThreads
constexpr std::int32_t kFewThreads = 128, kManyThreads = 256;  // device/attention_{few,many}.h
// Each takes 8 KiB of LDS at 128 dimensions, 4 waves of 32.
constexpr std::int32_t kGroupsPerUnit = 4;
// As many as the registers of a unit hold, or somewhat more.
constexpr std::int32_t kFewGroupsPerUnit = 4, kManyGroupsPerUnit = 2;
// Above this, each work item's own writes of its sequence's new rows would repeat too often.
constexpr std::int64_t kMostWritingRows = kFewRows;

// What the kernels of matrix units are compiled for.
bool takes_matrix_units(const PagedAttentionDesc& desc, const ArchInfo& arch) {
  const std::int32_t d = desc.attention.head_dim;
  return arch.matrix_units && desc.kv == DType::kF16 && (d == 64 || d == 96 || d == 128);
}

std::int32_t widest(std::int32_t head_dim) {
  for (const std::int32_t dims : {128, 256, 1024}) {
    if (head_dim <= dims) return dims;
  }
  throw Error(ErrorCode::kUnsupported, "[gpu] paged_attention: heads of " +
                                           std::to_string(head_dim) + " dimensions, over 1024");
}

}  // namespace

PagedAttentionPlan plan_paged_attention(const PagedAttentionDesc& desc, const ArchInfo& arch) {
  const ir::AttentionSpec& a = desc.attention;
  check(a.n_kv_heads > 0 && a.n_heads % a.n_kv_heads == 0 && a.head_dim > 0,
        "[gpu] paged_attention: heads do not fit");
  check(desc.kv == DType::kF16 || desc.kv == DType::kF32,
        "[gpu] the KV memory is neither F16 nor F32");
  PagedAttentionPlan plan;
  std::int64_t tile = kPagedAttentionTile, partial_head = 2;
  if (takes_matrix_units(desc, arch)) {
    const std::string dim = std::to_string(a.head_dim);
    plan.attention = {.kernel = "paged_attention_few_f16_" + dim,
                      .grid_x = std::max(1, kFewGroupsPerUnit * arch.n_units),
                      .threads = kFewThreads};
    if (desc.n > kFewRows) {
      plan.many = Launch{.kernel = "paged_attention_many_f16_" + dim,
                         .grid_x = std::max(1, kManyGroupsPerUnit * arch.n_units),
                         .threads = kManyThreads};
    }
    tile = kFewQueries;
    partial_head = kPartialHead;
  } else {
    plan.attention = {.kernel = std::string("paged_attention_") +
                                (desc.kv == DType::kF16 ? "f16_" : "f32_") +
                                std::to_string(widest(a.head_dim)),
                      .grid_x = std::max(1, kGroupsPerUnit * arch.n_units),
                      .threads = kThreads};
  }
  if (desc.n > kMostWritingRows) {
    plan.kv_write = plan_kv_write({desc.n, std::int64_t{a.n_kv_heads} * a.head_dim}, desc.kv, arch);
  }
  const std::int64_t group = a.n_heads / a.n_kv_heads;
  tile = std::min(tile, group);
  plan.partials_bytes = desc.max_partials * a.n_heads * (partial_head + a.head_dim) * 4;
  plan.n_tickets = desc.max_partials * a.n_kv_heads * ((group + tile - 1) / tile);
  return plan;
}

std::string to_string(const PagedAttentionPlan& plan) {
  return (plan.kv_write ? to_string(*plan.kv_write) + "; " : "") + to_string(plan.attention) +
         (plan.many ? "; " + to_string(*plan.many) : "") + " partials " +
         std::to_string(plan.partials_bytes) + " tickets " + std::to_string(plan.n_tickets);
}

}  // namespace rocmforge::gpu
