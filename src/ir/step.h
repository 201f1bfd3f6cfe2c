// What changes from step to step: one buffer, written by the host, read by the kernels when they
// run. Its offsets depend on the limits alone, so every graph of a model reads the same places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rocmforge::ir {

inline constexpr std::int32_t kBlockTokens = 16;  // tokens a KV block

// Attention's unit of work: rows [row_begin, row_begin + n_rows) of the step, all of one sequence
// and in the order of their positions, against that sequence's positions [kv_begin, kv_end); row r
// sees positions <= positions[r]. Items of the same rows that differ in KV range are splits: their
// partial results (slots [partial, partial + n_rows) of each head, see AttentionPartials) are
// combined when all are done.
struct WorkItem {
  std::int32_t sequence = 0;  // row of the block tables
  std::int32_t row_begin = 0;
  std::int32_t n_rows = 0;
  std::int32_t kv_begin = 0;
  std::int32_t kv_end = 0;
  std::int32_t n_splits = 1;  // items that share these rows; 1: writes its result at once
  std::int32_t split = 0;     // which of them
  std::int32_t partial = 0;   // first partial slot of split 0; split s starts s * n_rows further
  // Rows of the step that are the sequence's: what kernels choose by, so that a long prompt's last
  // few rows go the way of the others.
  std::int32_t sequence_rows = 0;
};

// How many candidates a row's choice looks at: more than anybody's top-k, few enough for a
// workgroup.
inline constexpr std::int32_t kMaxCandidates = 256;

// What stands in a token's place where none was chosen.
inline constexpr std::int32_t kNoSample = -1;  // no logit is above -inf, or none was asked for
inline constexpr std::int32_t kUndecided =
    -2;  // the candidates do not settle it: look at all logits

enum class SampleMode : std::int32_t {
  kNone,        // nothing is chosen
  kAll,         // one of all, by softmax(logits / temperature); temperature 0: the likeliest
  kCandidates,  // one of the best, after top-k, top-p and min-p
};

// What a row of the head wants. The cuts come in this order, each on what the one before has left:
// top-k; top-p, the fewest of the best whose share of the sum of exp(logit) reaches it; min-p. The
// temperature comes last. Draws: base/random.h.
struct SampleParams {
  SampleMode mode = SampleMode::kNone;
  std::int32_t top_k = 0;  // 1 to kMaxCandidates; 0: all, which the candidates may not settle
  float temperature = 0;   // >= 0; > 0 for kCandidates
  float top_p = 1;         // from 1 on: none is cut
  float log_min_p = 0;     // ln of the least share of the best one's probability; -inf: none is cut
  std::uint32_t seed_low = 0, seed_high = 0;
  std::uint32_t position = 0;                 // of the token to be chosen
  std::int32_t edits_begin = 0, n_edits = 0;  // the row's part of the edits
  std::int32_t mask = -1;                     // the row's row of the masks; -1: none
  std::int32_t unused = 0;
};

// One token's logit x becomes (x > 0 ? x / penalty : x * penalty) + bias. A row has one at most for
// each token.
struct LogitEdit {
  std::int32_t token = 0;  // ignored outside the vocabulary
  float penalty = 1;       // > 0
  float bias = 0;
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
  std::int32_t max_edits = 0;     // logit edits, of all head rows together
  std::int32_t mask_words = 0;    // of a mask, a bit a token: ceil(vocab / 32); 0: there are none

  bool operator==(const StepLimits&) const = default;
};

// First bytes of the buffer.
struct StepHeader {
  std::int32_t n_rows = 0;       // rows of the body
  std::int32_t n_head_rows = 0;  // rows of the head
  std::int32_t n_sequences = 0;
  std::int32_t n_work = 0;
  std::int32_t n_partials = 0;
  std::int32_t n_edits = 0;  // of the head rows
  std::int32_t n_masks = 0;
};

// Byte offsets; every part starts at a multiple of 64.
struct StepLayout {
  explicit StepLayout(const StepLimits& limits);

  StepLimits limits;
  std::int64_t header = 0;        // StepHeader
  std::int64_t tokens = 0;        // i32 [max_rows]; -1 - k: sampled[k] (ir::Embed)
  std::int64_t positions = 0;     // i32 [max_rows], within the row's sequence
  std::int64_t sequences = 0;     // i32 [max_rows], row of the block tables
  std::int64_t kv_slots = 0;      // i32 [max_rows], where K and V go: block * kBlockTokens + place
  std::int64_t rope_rows = 0;     // f32 [max_rows][rope_dims / 2][cos, sin]
  std::int64_t head_rows = 0;     // i32 [max_head_rows], rows of the body to sample
  std::int64_t samples = 0;       // SampleParams [max_head_rows]
  std::int64_t block_tables = 0;  // i32 [max_sequences][max_blocks]
  std::int64_t work = 0;          // WorkItem [max_work]
  std::int64_t edits = 0;         // LogitEdit [max_edits]
  std::int64_t masks = 0;  // u32 [max_head_rows][mask_words], bit t % 32 of word t / 32: token
                           // t may be chosen
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
  std::span<SampleParams> samples() const;              // header().n_head_rows
  std::span<LogitEdit> edits() const;                   // header().n_edits
  std::span<std::uint32_t> mask(std::int32_t i) const;  // mask_words
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
