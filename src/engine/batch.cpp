#include "engine/batch.h"

#include <algorithm>

#include "base/check.h"

namespace rocmforge::engine {
namespace {

std::int32_t divide_up(std::int32_t a, std::int32_t b) {
  return (a + b - 1) / b;
}

// A sequence of more rows keeps a device busy with fewer splits.
constexpr std::int32_t kRowsOfFullSplits = 4;
// More cost more to combine than they bring.
constexpr std::int32_t kMostSplits = 64;

std::int32_t max_splits(const WorkCut& cut, std::int32_t n_rows, std::int32_t end) {
  const std::int32_t splits = divide_up(end, cut.split_positions);
  if (cut.max_splits == 0) return splits;
  return std::min(splits, std::max(1, cut.max_splits / divide_up(n_rows, kRowsOfFullSplits)));
}

// Positions a split: whole blocks where there is a limit.
std::int32_t split_positions(const WorkCut& cut, std::int32_t n_rows, std::int32_t end) {
  const std::int32_t even = divide_up(end, max_splits(cut, n_rows, end));
  return std::max(cut.split_positions, divide_up(even, ir::kBlockTokens) * ir::kBlockTokens);
}

// The partial slots that one sequence may need.
std::int32_t max_partials(const WorkCut& cut, std::int32_t n_ctx) {
  std::int32_t most = 0;
  for (std::int32_t n = 1; n <= cut.max_split_rows; ++n) {
    most = std::max(most, n * max_splits(cut, n, n_ctx));
  }
  return most;
}

}  // namespace

std::int32_t max_head_rows_of(std::int32_t max_rows) {
  return std::min(64, max_rows);
}

WorkCut work_cut(const backend::DeviceInfo& device, std::int32_t n_heads, std::int32_t n_kv_heads) {
  WorkCut cut;
  cut.split_positions = device.attention_split;
  if (device.attention_tasks > 0) {
    cut.max_splits = std::clamp(device.attention_tasks / n_kv_heads, 1, kMostSplits);
  }
  if (device.attention_queries > 0) {
    cut.rows_per_item = std::max(1, device.attention_queries / (n_heads / n_kv_heads));
  }
  return cut;
}

ir::StepLimits step_limits(std::int32_t max_rows, std::int32_t max_sequences, std::int32_t n_ctx,
                           std::int32_t rope_dims, const WorkCut& cut) {
  const std::int32_t splits = max_splits(cut, 1, n_ctx);
  const std::int32_t partials =
      std::min(max_rows * splits, max_sequences * max_partials(cut, n_ctx));
  return {.max_rows = max_rows,
          .max_head_rows = max_head_rows_of(max_rows),
          .max_sequences = max_sequences,
          .max_blocks = divide_up(n_ctx, ir::kBlockTokens),
          // Every sequence may leave one item short of full, or be split.
          .max_work = divide_up(max_rows, cut.rows_per_item) + max_sequences * splits,
          .max_partials = splits > 1 ? partials : 0,
          .rope_dims = rope_dims,
          .max_edits = max_sequences * kMaxEdits};
}

std::int32_t plan_work(Batch batch, const WorkCut& cut, std::vector<ir::WorkItem>& out) {
  std::int32_t row = 0, n_partials = 0, index = 0;
  for (const BatchSequence& sequence : batch) {
    const auto n_rows = static_cast<std::int32_t>(sequence.tokens.size());
    const std::int32_t end = sequence.first_position + n_rows;
    const std::int32_t positions = split_positions(cut, n_rows, end);
    const std::int32_t n_splits = n_rows <= cut.max_split_rows ? divide_up(end, positions) : 1;
    if (n_splits > 1) {
      for (std::int32_t s = 0; s < n_splits; ++s) {
        out.push_back({.sequence = index,
                       .row_begin = row,
                       .n_rows = n_rows,
                       .kv_begin = s * positions,
                       .kv_end = std::min(end, (s + 1) * positions),
                       .n_splits = n_splits,
                       .split = s,
                       .partial = n_partials,
                       .sequence_rows = n_rows});
      }
      n_partials += n_splits * n_rows;
    } else {
      for (std::int32_t first = 0; first < n_rows; first += cut.rows_per_item) {
        const std::int32_t n = std::min(cut.rows_per_item, n_rows - first);
        out.push_back({.sequence = index,
                       .row_begin = row + first,
                       .n_rows = n,
                       .kv_begin = 0,
                       .kv_end = sequence.first_position + first + n,
                       .sequence_rows = n_rows});
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
