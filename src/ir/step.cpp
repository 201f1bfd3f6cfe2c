#include "ir/step.h"

#include <string>
#include <string_view>

#include "base/check.h"

namespace rocmforge::ir {
namespace {

constexpr std::int64_t kPartAlign = 64;  // a cache line, and what device reads of 16 bytes want

void require(bool holds, std::string_view limit, std::int64_t value, std::string_view wanted) {
  if (holds) return;
  throw Error(ErrorCode::kInvalidArgument, "[ir] step limits: " + std::string(limit) + ": " +
                                               std::to_string(value) + " is not " +
                                               std::string(wanted));
}

void check_limits(const StepLimits& l) {
  require(l.max_rows > 0, "max_rows", l.max_rows, "positive");
  require(l.max_head_rows > 0, "max_head_rows", l.max_head_rows, "positive");
  require(l.max_sequences > 0, "max_sequences", l.max_sequences, "positive");
  require(l.max_blocks > 0, "max_blocks", l.max_blocks, "positive");
  require(l.max_work > 0, "max_work", l.max_work, "positive");
  require(l.max_partials >= 0, "max_partials", l.max_partials, "0 or more");
  require(l.max_edits >= 0, "max_edits", l.max_edits, "0 or more");
  require(l.mask_words >= 0, "mask_words", l.mask_words, "0 or more");
  require(l.rope_dims >= 0 && l.rope_dims % 2 == 0, "rope_dims", l.rope_dims, "even");
}

}  // namespace

StepLayout::StepLayout(const StepLimits& step_limits) : limits(step_limits) {
  check_limits(limits);
  const auto place = [this](std::int64_t n_elems, std::size_t elem_bytes) {
    const std::int64_t at = bytes;
    const std::int64_t end = at + n_elems * static_cast<std::int64_t>(elem_bytes);
    bytes = (end + kPartAlign - 1) / kPartAlign * kPartAlign;
    return at;
  };
  const std::int64_t rows = limits.max_rows;
  header = place(1, sizeof(StepHeader));
  tokens = place(rows, sizeof(std::int32_t));
  positions = place(rows, sizeof(std::int32_t));
  sequences = place(rows, sizeof(std::int32_t));
  kv_slots = place(rows, sizeof(std::int32_t));
  rope_rows = place(rows * limits.rope_dims, sizeof(float));
  head_rows = place(limits.max_head_rows, sizeof(std::int32_t));
  samples = place(limits.max_head_rows, sizeof(SampleParams));
  block_tables =
      place(std::int64_t{limits.max_sequences} * limits.max_blocks, sizeof(std::int32_t));
  work = place(limits.max_work, sizeof(WorkItem));
  edits = place(limits.max_edits, sizeof(LogitEdit));
  masks = place(std::int64_t{limits.max_head_rows} * limits.mask_words, sizeof(std::uint32_t));
}

StepView::StepView(const StepLayout& layout, std::span<std::byte> buffer)
    : layout_(&layout), buffer_(buffer) {
  check(static_cast<std::int64_t>(buffer.size()) >= layout.bytes,
        "the step buffer is smaller than its layout");
  check(reinterpret_cast<std::uintptr_t>(buffer.data()) % alignof(WorkItem) == 0,
        "step buffer is not aligned");
}

namespace {

// `why` is a literal: these run for every step, and must not build text.
std::size_t counted(std::int32_t n, std::int32_t limit, const char* why) {
  check(n >= 0 && n <= limit, why);
  return static_cast<std::size_t>(n);
}

}  // namespace

StepHeader& StepView::header() const {
  return *at<StepHeader>(layout_->header);
}

std::span<std::int32_t> StepView::tokens() const {
  return {at<std::int32_t>(layout_->tokens),
          counted(header().n_rows, layout_->limits.max_rows,
                  "the step header has more rows than its limit")};
}

std::span<std::int32_t> StepView::positions() const {
  return {at<std::int32_t>(layout_->positions),
          counted(header().n_rows, layout_->limits.max_rows,
                  "the step header has more rows than its limit")};
}

std::span<std::int32_t> StepView::sequences() const {
  return {at<std::int32_t>(layout_->sequences),
          counted(header().n_rows, layout_->limits.max_rows,
                  "the step header has more rows than its limit")};
}

std::span<std::int32_t> StepView::kv_slots() const {
  return {at<std::int32_t>(layout_->kv_slots),
          counted(header().n_rows, layout_->limits.max_rows,
                  "the step header has more rows than its limit")};
}

std::span<float> StepView::rope_row(std::int32_t row) const {
  check(row >= 0 && row < layout_->limits.max_rows, "step row out of range");
  const std::int64_t dims = layout_->limits.rope_dims;
  return {at<float>(layout_->rope_rows) + row * dims, static_cast<std::size_t>(dims)};
}

std::span<std::int32_t> StepView::head_rows() const {
  return {at<std::int32_t>(layout_->head_rows),
          counted(header().n_head_rows, layout_->limits.max_head_rows,
                  "the step header has more head rows than its limit")};
}

std::span<std::int32_t> StepView::block_table(std::int32_t sequence) const {
  check(sequence >= 0 && sequence < layout_->limits.max_sequences, "step sequence out of range");
  const std::int64_t blocks = layout_->limits.max_blocks;
  return {at<std::int32_t>(layout_->block_tables) + sequence * blocks,
          static_cast<std::size_t>(blocks)};
}

std::span<WorkItem> StepView::work() const {
  return {at<WorkItem>(layout_->work),
          counted(header().n_work, layout_->limits.max_work,
                  "the step header has more work items than its limit")};
}

std::span<SampleParams> StepView::samples() const {
  return {at<SampleParams>(layout_->samples),
          counted(header().n_head_rows, layout_->limits.max_head_rows,
                  "the step header has more head rows than its limit")};
}

std::span<LogitEdit> StepView::edits() const {
  return {at<LogitEdit>(layout_->edits),
          counted(header().n_edits, layout_->limits.max_edits,
                  "the step header has more logit edits than its limit")};
}

std::span<std::uint32_t> StepView::mask(std::int32_t i) const {
  check(i >= 0 && i < header().n_masks && i < layout_->limits.max_head_rows,
        "step mask out of range");
  const std::int64_t words = layout_->limits.mask_words;
  return {at<std::uint32_t>(layout_->masks) + i * words, static_cast<std::size_t>(words)};
}

}  // namespace rocmforge::ir
