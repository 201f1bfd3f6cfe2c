#include "backend/gpu/ops/step_args.h"

#include <cstddef>
#include <limits>

#include "base/check.h"

namespace rocmforge::gpu {
namespace {

// The device's mirrors of the host's structs.
static_assert(sizeof(StepHeaderArgs) == sizeof(ir::StepHeader));
static_assert(offsetof(StepHeaderArgs, n_head_rows) == offsetof(ir::StepHeader, n_head_rows));
static_assert(offsetof(StepHeaderArgs, n_work) == offsetof(ir::StepHeader, n_work));
static_assert(sizeof(WorkItemArgs) == sizeof(ir::WorkItem));
static_assert(offsetof(WorkItemArgs, kv_begin) == offsetof(ir::WorkItem, kv_begin));
static_assert(offsetof(WorkItemArgs, n_splits) == offsetof(ir::WorkItem, n_splits));
static_assert(offsetof(WorkItemArgs, partial) == offsetof(ir::WorkItem, partial));
static_assert(offsetof(WorkItemArgs, sequence_rows) == offsetof(ir::WorkItem, sequence_rows));
static_assert(offsetof(StepHeaderArgs, n_masks) == offsetof(ir::StepHeader, n_masks));
static_assert(sizeof(SampleParamsArgs) == sizeof(ir::SampleParams));
static_assert(offsetof(SampleParamsArgs, log_min_p) == offsetof(ir::SampleParams, log_min_p));
static_assert(offsetof(SampleParamsArgs, position) == offsetof(ir::SampleParams, position));
static_assert(offsetof(SampleParamsArgs, mask) == offsetof(ir::SampleParams, mask));
static_assert(static_cast<int>(SampleMode::kAll) == static_cast<int>(ir::SampleMode::kAll));
static_assert(static_cast<int>(SampleMode::kCandidates) ==
              static_cast<int>(ir::SampleMode::kCandidates));
static_assert(sizeof(LogitEditArgs) == sizeof(ir::LogitEdit));
static_assert(offsetof(LogitEditArgs, bias) == offsetof(ir::LogitEdit, bias));
static_assert(kMaxCandidates == ir::kMaxCandidates && kNoSample == ir::kNoSample &&
              kUndecided == ir::kUndecided);
static_assert(kKvBlockTokens == ir::kBlockTokens);

i32 small(std::int64_t x) {
  check(x >= 0 && x <= std::numeric_limits<i32>::max(), "[gpu] a step buffer of over 2 GiB");
  return static_cast<i32>(x);
}

}  // namespace

StepArgs step_args(const ir::StepLayout& layout, const void* base) {
  return {.base = static_cast<const u8*>(base),
          .header = small(layout.header),
          .positions = small(layout.positions),
          .sequences = small(layout.sequences),
          .kv_slots = small(layout.kv_slots),
          .rope_rows = small(layout.rope_rows),
          .block_tables = small(layout.block_tables),
          .work = small(layout.work),
          .max_blocks = layout.limits.max_blocks,
          .rope_dims = layout.limits.rope_dims,
          .samples = small(layout.samples),
          .edits = small(layout.edits),
          .masks = small(layout.masks),
          .mask_words = layout.limits.mask_words};
}

RowsArgs rows_args(const ir::StepLayout& layout, const void* base, std::int64_t fixed,
                   std::int64_t per_step, bool of_head) {
  const auto* header = static_cast<const u8*>(base) + layout.header;
  return {.header = reinterpret_cast<const StepHeaderArgs*>(header),
          .fixed = small(fixed),
          .per_step = small(per_step),
          .of_head = of_head ? 1 : 0,
          .unused = 0};
}

RopeSpecArgs rope_args(const ir::RopeSpec& rope) {
  return {.head_dim = rope.head_dim,
          .n_rot = rope.n_rot,
          .neox = rope.kind == ir::RopeKind::kNeox ? 1 : 0,
          .unused = 0};
}

}  // namespace rocmforge::gpu
