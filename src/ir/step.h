// What changes from step to step: one buffer, written by the host, read by the kernels when they
// run. Its offsets depend on the limits alone, so every graph of a model reads the same places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rocmforge::ir {

inline constexpr std::int32_t kBlockTokens = 16;  // tokens a KV block

// Attention's unit of work: rows [row_begin, row_begin + n_rows) of the step, all of one sequence,
// against that sequence's positions [kv_begin, kv_end); row r sees positions <= positions[r].
// Items of the same rows that differ in KV range are splits: their partial results (slots
// [partial, partial + n_rows) of each head, see AttentionPartials) are combined when all are done.
struct WorkItem {
  std::int32_t sequence = 0;  // row of the block tables
  std::int32_t row_begin = 0;
  std::int32_t n_rows = 0;
  std::int32_t kv_begin = 0;
  std::int32_t kv_end = 0;
  std::int32_t n_splits = 1;  // items that share these rows; 1: writes its result at once
  std::int32_t split = 0;     // which of them
  std::int32_t partial = 0;   // first partial slot of split 0; split s starts s * n_rows further
};

// Bounds of a step, fixed at load.
struct StepLimits {
  std::int32_t max_rows = 512;
  std::int32_t max_head_rows = 64;
  std::int32_t max_sequences = 1;
  std::int32_t max_blocks = 1;    // blocks a sequence: ceil(context / kBlockTokens)
  std::int32_t max_work = 512;    // work items
  std::int32_t max_partials = 0;  // partial slots
  std::int32_t rope_dims = 0;     // rotated dimensions a head (n_rot)

  bool operator==(const StepLimits&) const = default;
};

// First bytes of the buffer.
struct StepHeader {
  std::int32_t n_rows = 0;       // rows of the body
  std::int32_t n_head_rows = 0;  // rows of the head
  std::int32_t n_sequences = 0;
  std::int32_t n_work = 0;
  std::int32_t n_partials = 0;
};

// Byte offsets; every part starts at a multiple of 64.
struct StepLayout {
  explicit StepLayout(const StepLimits& limits);

  StepLimits limits;
  std::int64_t header = 0;        // StepHeader
  std::int64_t tokens = 0;        // i32 [max_rows]
  std::int64_t positions = 0;     // i32 [max_rows], within the row's sequence
  std::int64_t sequences = 0;     // i32 [max_rows], row of the block tables
  std::int64_t kv_slots = 0;      // i32 [max_rows], where K and V go: block * kBlockTokens + place
  std::int64_t rope_rows = 0;     // f32 [max_rows][rope_dims / 2][cos, sin]
  std::int64_t head_rows = 0;     // i32 [max_head_rows], rows of the body to sample
  std::int64_t block_tables = 0;  // i32 [max_sequences][max_blocks]
  std::int64_t work = 0;          // WorkItem [max_work]
  std::int64_t bytes = 0;
};

// Typed windows on a step buffer of `layout`.
class StepView {
 public:
  StepView(const StepLayout& layout, std::span<std::byte> buffer);  // size checked

  StepHeader& header() const;
  std::span<std::int32_t> tokens() const;  // header().n_rows of them, as below
  std::span<std::int32_t> positions() const;
  std::span<std::int32_t> sequences() const;
  std::span<std::int32_t> kv_slots() const;
  std::span<float> rope_row(std::int32_t row) const;  // rope_dims floats
  std::span<std::int32_t> head_rows() const;
  std::span<std::int32_t> block_table(std::int32_t sequence) const;  // max_blocks
  std::span<WorkItem> work() const;
  const StepLayout& layout() const { return *layout_; }

 private:
  template <class T>
  T* at(std::int64_t offset) const {
    return reinterpret_cast<T*>(buffer_.data() + offset);
  }
  const StepLayout* layout_;
  std::span<std::byte> buffer_;
};

}  // namespace rocmforge::ir
