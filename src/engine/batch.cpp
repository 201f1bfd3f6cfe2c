#include "engine/batch.h"

#include <algorithm>

#include "base/check.h"

namespace rocmforge::engine {
namespace {

std::int32_t divide_up(std::int32_t a, std::int32_t b) {
  return (a + b - 1) / b;
}

}  // namespace

std::int32_t max_head_rows_of(std::int32_t max_rows) {
  return std::min(64, max_rows);
}

ir::StepLimits step_limits(std::int32_t max_rows, std::int32_t max_sequences, std::int32_t n_ctx,
                           std::int32_t rope_dims, const WorkCut& cut) {
  const std::int32_t max_splits = divide_up(n_ctx, cut.split_positions);
  const std::int32_t split_rows = std::min(max_rows, max_sequences * cut.max_split_rows);
  return {.max_rows = max_rows,
          .max_head_rows = max_head_rows_of(max_rows),
          .max_sequences = max_sequences,
          .max_blocks = divide_up(n_ctx, ir::kBlockTokens),
          // Every sequence may leave one item short of full, or be split.
          .max_work = divide_up(max_rows, cut.rows_per_item) + max_sequences * max_splits,
          .max_partials = max_splits > 1 ? split_rows * max_splits : 0,
          .rope_dims = rope_dims,
          .max_edits = max_sequences * kMaxEdits};
}

std::int32_t plan_work(Batch batch, const WorkCut& cut, std::vector<ir::WorkItem>& out) {
  std::int32_t row = 0, n_partials = 0, index = 0;
  for (const BatchSequence& sequence : batch) {
    const auto n_rows = static_cast<std::int32_t>(sequence.tokens.size());
    const std::int32_t end = sequence.first_position + n_rows;
    const std::int32_t n_splits =
        n_rows <= cut.max_split_rows ? divide_up(end, cut.split_positions) : 1;
    if (n_splits > 1) {
      for (std::int32_t s = 0; s < n_splits; ++s) {
        out.push_back({.sequence = index,
                       .row_begin = row,
                       .n_rows = n_rows,
                       .kv_begin = s * cut.split_positions,
                       .kv_end = std::min(end, (s + 1) * cut.split_positions),
                       .n_splits = n_splits,
                       .split = s,
                       .partial = n_partials});
      }
      n_partials += n_splits * n_rows;
    } else {
      for (std::int32_t first = 0; first < n_rows; first += cut.rows_per_item) {
        const std::int32_t n = std::min(cut.rows_per_item, n_rows - first);
        out.push_back({.sequence = index,
                       .row_begin = row + first,
                       .n_rows = n,
                       .kv_begin = 0,
                       .kv_end = sequence.first_position + first + n});
      }
    }
    row += n_rows;
    ++index;
  }
  return n_partials;
}

void write_step(Batch batch, const RopeRows& rope, std::span<const ir::WorkItem> work,
                std::int32_t n_partials, const ir::StepView& step) {
  const ir::StepLimits& limits = step.layout().limits;
  std::size_t n_rows = 0;
  for (const BatchSequence& s : batch) n_rows += s.tokens.size();
  check(n_rows > 0 && n_rows <= static_cast<std::size_t>(limits.max_rows), "rows of a step");
  check(batch.size() <= static_cast<std::size_t>(limits.max_sequences), "sequences of a step");
  check(work.size() <= static_cast<std::size_t>(limits.max_work), "work items of a step");
  check(n_partials <= limits.max_partials, "partial slots of a step");

  step.header() = {.n_rows = static_cast<std::int32_t>(n_rows),
                   .n_head_rows = 0,
                   .n_sequences = static_cast<std::int32_t>(batch.size()),
                   .n_work = static_cast<std::int32_t>(work.size()),
                   .n_partials = n_partials};
  std::copy(work.begin(), work.end(), step.work().begin());
  std::size_t row = 0;
  for (std::size_t s = 0; s < batch.size(); ++s) {
    const auto index = static_cast<std::int32_t>(s);
    const std::span<const kv::BlockId> blocks = batch[s].blocks->blocks();
    check(blocks.size() <= static_cast<std::size_t>(limits.max_blocks), "blocks of a sequence");
    std::copy(blocks.begin(), blocks.end(), step.block_table(index).begin());
    std::int32_t position = batch[s].first_position;
    for (const text::TokenId token : batch[s].tokens) {
      step.tokens()[row] = token;
      step.positions()[row] = position;
      step.sequences()[row] = index;
      step.kv_slots()[row] = batch[s].blocks->slot(position);
      rope.write(position, step.rope_row(static_cast<std::int32_t>(row)));
      ++row;
      ++position;
    }
  }
}

}  // namespace rocmforge::engine
