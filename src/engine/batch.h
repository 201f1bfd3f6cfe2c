// The rows of one step, of any mix of sequences, and how they are written into the step buffer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/device.h"
#include "engine/rope_rows.h"
#include "ir/step.h"
#include "kv/block_table.h"
#include "text/vocab.h"

namespace rocmforge::engine {

// Consecutive tokens of one sequence. Its table has room for all of them, and positions
// [0, first_position) were written by earlier steps.
struct BatchSequence {
  std::span<const text::TokenId> tokens;
  std::int32_t first_position = 0;
  const kv::BlockTable* blocks = nullptr;
};

using Batch = std::span<const BatchSequence>;

// How attention's work is cut. A sequence's share depends on it alone, never on its neighbours or
// the number of threads, so that its result does not either.
struct WorkCut {
  std::int32_t rows_per_item = 32;     // prefill: rows that share one pass over K and V
  std::int32_t split_positions = 512;  // decode: positions a split has at least
  std::int32_t max_split_rows = 8;     // sequences of more rows than this are not split
  // Splits of a sequence at most: those of a long one have more positions. 0: any number. Each
  // kRowsOfFullSplits rows have as many in all, so that partial results stay few.
  std::int32_t max_splits = 0;
};

// What suits a device and a model.
WorkCut work_cut(const backend::DeviceInfo& device, std::int32_t n_heads, std::int32_t n_kv_heads);

// Rows that go through the head at once.
std::int32_t max_head_rows_of(std::int32_t max_rows);
// Logit edits a sequence may have on the device.
inline constexpr std::int32_t kMaxEdits = 256;

// The limits that any batch of at most max_rows rows and max_sequences sequences keeps to.
ir::StepLimits step_limits(std::int32_t max_rows, std::int32_t max_sequences, std::int32_t n_ctx,
                           std::int32_t rope_dims, const WorkCut& cut);

// Attention's work list for a batch: a pure function of lengths and positions. Appends at most
// what step_limits allows; returns the number of partial slots used.
std::int32_t plan_work(Batch batch, const WorkCut& cut, std::vector<ir::WorkItem>& out);

// Writes header, tokens, positions, tables, rope rows and work. Head rows are written by the
// runner.
void write_step(Batch batch, const RopeRows& rope, std::span<const ir::WorkItem> work,
                std::int32_t n_partials, const ir::StepView& step);

}  // namespace rocmforge::engine
