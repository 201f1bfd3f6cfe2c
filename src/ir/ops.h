// The ops: each is a struct of attributes. Its operands and results are listed beside it; its shape
// rule is the overload of infer() in infer.cpp. n is the number of rows of the step.
//
// To add one: docs/adding-an-op.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/step.h"
#include "ir/weight.h"
#include "tensor/shape.h"

namespace rocmforge::ir {

// Values that the step buffer or the runner provides.
enum class Slot : std::uint8_t {
  kTokens,     // I32 [n]
  kPositions,  // I32 [n]
  kRopeRows,   // F32 [n, rope_dims]: cos, sin of each rotated pair
  kHeadRows,   // I32 [n] of the head graph: rows of the body to sample
  kHidden,     // F32 [max_rows, dim]: the body's result, kept for the head
  kIncoming,   // F32 [n, dim]: the result of the segment before (passes/partition)
  kLogits,     // F32 [n, vocab]: the head's result (an output only)
  kSampled,    // I32 [max_head_rows]: the last head run's tokens; the head's output I32 [n, 1]
};

// Rotary embedding over the first n_rot dimensions of each head; the angles come from the step.
// kNorm rotates pairs (2i, 2i+1) (llama, glm4); kNeox pairs (i, i + n_rot/2) (qwen2, qwen3).
enum class RopeKind : std::uint8_t { kNorm, kNeox };
struct RopeSpec {
  std::int32_t head_dim = 0;
  std::int32_t n_rot = 0;
  RopeKind kind = RopeKind::kNorm;
  bool operator==(const RopeSpec&) const = default;
};

// Query head h attends with KV head h / (n_heads / n_kv_heads).
struct AttentionSpec {
  std::int32_t n_heads = 0;
  std::int32_t n_kv_heads = 0;
  std::int32_t head_dim = 0;  // of queries, keys and values alike
  float scale = 1;            // on q.k, commonly 1/sqrt(head_dim)
  bool operator==(const AttentionSpec&) const = default;
};

// y = x / sqrt(mean(x^2) + eps) * gain, over each run of gain-length columns (arXiv:1910.07467).
struct NormSpec {
  WeightId gain{};
  float eps = 0;
  bool operator==(const NormSpec&) const = default;
};

// Of queries and of keys, each gain over one head (arXiv:2010.04245 with RMS norms).
struct HeadNorms {
  NormSpec q, k;
  bool operator==(const HeadNorms&) const = default;
};

// ---- sources -------------------------------------------------------------------------------
// () -> the slot's value.
struct Input {
  Slot slot = Slot::kTokens;
  bool operator==(const Input&) const = default;
};
// () -> the KV state of a layer as this step finds it: [2 (K, V), n_kv_heads, kBlockTokens,
// head_dim] is the shape of one block of it.
struct KvState {
  std::int32_t layer = 0;
  bool operator==(const KvState&) const = default;
};

// ---- ops on rows ---------------------------------------------------------------------------
// (tokens I32[n] (, sampled I32[m])) -> F32[n, cols]: rows of the table, widened. With `sampled`, a
// token of -1 - k stands for sampled[k], and that for token 0 where it is none: what such a row
// gives is thrown away.
struct Embed {
  WeightId table{};
  bool operator==(const Embed&) const = default;
};

// What a matmul does with its result y = x W^T + bias.
enum class Epilogue : std::uint8_t {
  kNone,    // (x) -> y [n, rows]
  kSwiGlu,  // (x) -> silu(y[:, :rows/2]) * y[:, rows/2:]  [n, rows/2]
  kAdd,     // (x, residual [n, rows]) -> residual + y; may write over the residual
};
// (x F32[n, cols] ...) -> F32. With `norm`, x is RMS-normalised first.
struct MatMul {
  WeightId weight{};
  std::optional<NormSpec> norm;
  Epilogue epilogue = Epilogue::kNone;
  bool operator==(const MatMul&) const = default;
};

// (x F32[n, d]) -> F32[n, d]; d is a multiple of the gain's length.
struct RmsNorm {
  NormSpec norm;
  bool operator==(const RmsNorm&) const = default;
};
// (x F32[n, heads * head_dim], rope rows F32[n, n_rot]) -> same shape as x.
struct Rope {
  RopeSpec rope;
  bool operator==(const Rope&) const = default;
};
// (gate_up F32[n, 2f]) -> F32[n, f]: silu(first half) * second half, silu(t) = t / (1 + exp(-t)).
struct SwiGlu {
  bool operator==(const SwiGlu&) const = default;
};
// (a F32, b F32 of the same shape) -> a + b.
struct Add {
  bool operator==(const Add&) const = default;
};
// (x F32) -> factor * x.
struct Scale {
  float factor = 1;
  bool operator==(const Scale&) const = default;
};
// (scores F32[n, heads, columns], positions I32[n]) -> the same, -inf where column > position.
struct Mask {
  bool operator==(const Mask&) const = default;
};
// (x F32[..., columns]) -> softmax over the last extent; -inf gives exactly 0.
struct Softmax {
  bool operator==(const Softmax&) const = default;
};
// (accumulator F32, x F32 of the same shape) -> accumulator + x, written over the accumulator,
// which nothing may read afterwards.
struct Accumulate {
  bool operator==(const Accumulate&) const = default;
};

// ---- attention over the paged KV state --------------------------------------------------------
// (q [n, heads*d], k [n, kv_heads*d], v [n, kv_heads*d], kv state (, rope rows)) -> (F32[n,
// heads*d], new kv state). Writes k and v at the step's kv_slots, then attends by its work list.
// With `norms`, q and k are normalised head by head first; with `rope`, then rotated.
struct PagedAttention {
  AttentionSpec attention;
  std::optional<RopeSpec> rope = {};
  std::optional<HeadNorms> norms = {};
  bool operator==(const PagedAttention&) const = default;
};
// (k, v, kv state) -> new kv state.
struct KvWrite {
  AttentionSpec attention;
  bool operator==(const KvWrite&) const = default;
};
// (q [n, heads*d], kv state) -> F32[n, heads, columns]: q.k by position, unscaled; columns at or
// past the sequence's end are 0.
struct AttentionScores {
  AttentionSpec attention;
  std::int64_t columns = 0;  // a whole context
  bool operator==(const AttentionScores&) const = default;
};
// (weights F32[n, heads, columns], kv state) -> F32[n, heads*d]: sum over positions of weight * v.
struct AttentionValues {
  AttentionSpec attention;
  bool operator==(const AttentionValues&) const = default;
};

// ---- sampling: rows of the head; what each row wants stands in the step (ir/step.h)
// -------------- (logits F32[n, vocab]) -> the same, with the step's edits and masks; -inf where it
// is no number.
struct EditLogits {
  bool operator==(const EditLogits&) const = default;
};
// (logits F32[n, vocab]) -> (values F32[n, k], ids I32[n, k]): the k greatest, best first, of equal
// ones the lower id first. Those that are not above -inf are left out: -inf, with id -1, at the
// end.
struct TopK {
  std::int32_t k = kMaxCandidates;  // 1 to kMaxCandidates
  bool operator==(const TopK&) const = default;
};
// (logits F32[n, vocab]) -> F32[n, 1]: ln sum exp; nothing in it is NaN.
struct LogSumExp {
  bool operator==(const LogSumExp&) const = default;
};
// (logits F32[n, vocab], values F32[n, k], ids I32[n, k], log-sum-exp F32[n, 1]) -> I32[n, 1]: a
// token each, as the row's SampleParams say; kNoSample, or kUndecided where the k candidates do not
// settle it. `fused`: (logits F32[n, vocab] as the head has them) -> the same, the three ops before
// included.
struct Sample {
  bool fused = false;
  bool operator==(const Sample&) const = default;
};

// ---- moving rows -----------------------------------------------------------------------------
// (x [m, d], rows I32[n]) -> [n, d]: the rows named.
struct Rows {
  bool operator==(const Rows&) const = default;
};
// (x [n, d]) -> [n, count]: a view of columns [begin, begin + count); moves nothing.
struct Columns {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  bool operator==(const Columns&) const = default;
};
// (x [n, a*b]) -> [n, a, b], or back ([n, a, b] -> [n, a*b] with parts = 1): a view of a dense x.
struct SplitHeads {
  std::int64_t parts = 1;
  bool operator==(const SplitHeads&) const = default;
};
// (x) -> a dense copy.
struct Copy {
  bool operator==(const Copy&) const = default;
};

using Op =
    std::variant<Input, KvState, Embed, MatMul, RmsNorm, Rope, SwiGlu, Add, Scale, Mask, Softmax,
                 Accumulate, PagedAttention, KvWrite, AttentionScores, AttentionValues, EditLogits,
                 TopK, LogSumExp, Sample, Rows, Columns, SplitHeads, Copy>;

std::string_view name(const Op& op);  // "matmul"
std::string_view name(Slot slot);     // "tokens"
// True for slots with a row for each row of the step; the others are of fixed length.
bool has_step_rows(Slot slot);
// True for slots that runs fill; the step buffer holds the others.
bool is_in_arena(Slot slot);
// True for ops that give their operand another shape and launch nothing.
bool is_view(const Op& op);
// True for ops without operands: inputs and states.
bool is_source(const Op& op);
// True for ops that launch nothing: sources and views.
bool is_free(const Op& op);

// The weights that an op reads.
std::vector<WeightId> weights_of(const Op& op);

// Index of the operand that is a KV state, and of the result that is one; -1 when there is none.
int state_operand(const Op& op);
int state_result(const Op& op);

}  // namespace rocmforge::ir
