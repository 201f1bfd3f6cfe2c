#include "ir/ops.h"

namespace rocmforge::ir {
namespace {

struct Name {
  std::string_view operator()(const Input&) const { return "input"; }
  std::string_view operator()(const KvState&) const { return "kv_state"; }
  std::string_view operator()(const Embed&) const { return "embed"; }
  std::string_view operator()(const MatMul&) const { return "matmul"; }
  std::string_view operator()(const RmsNorm&) const { return "rms_norm"; }
  std::string_view operator()(const Rope&) const { return "rope"; }
  std::string_view operator()(const SwiGlu&) const { return "swiglu"; }
  std::string_view operator()(const Add&) const { return "add"; }
  std::string_view operator()(const Scale&) const { return "scale"; }
  std::string_view operator()(const Mask&) const { return "mask"; }
  std::string_view operator()(const Softmax&) const { return "softmax"; }
  std::string_view operator()(const Accumulate&) const { return "accumulate"; }
  std::string_view operator()(const PagedAttention&) const { return "paged_attention"; }
  std::string_view operator()(const KvWrite&) const { return "kv_write"; }
  std::string_view operator()(const AttentionScores&) const { return "attention_scores"; }
  std::string_view operator()(const AttentionValues&) const { return "attention_values"; }
  std::string_view operator()(const EditLogits&) const { return "edit_logits"; }
  std::string_view operator()(const TopK&) const { return "top_k"; }
  std::string_view operator()(const LogSumExp&) const { return "log_sum_exp"; }
  std::string_view operator()(const Sample&) const { return "sample"; }
  std::string_view operator()(const Rows&) const { return "rows"; }
  std::string_view operator()(const Columns&) const { return "columns"; }
  std::string_view operator()(const SplitHeads&) const { return "split_heads"; }
  std::string_view operator()(const Copy&) const { return "copy"; }
};

template <class T>
bool is(const Op& op) {
  return std::holds_alternative<T>(op);
}

}  // namespace

std::string_view name(const Op& op) {
  return std::visit(Name{}, op);
}

std::string_view name(Slot slot) {
  switch (slot) {
    case Slot::kTokens:
      return "tokens";
    case Slot::kPositions:
      return "positions";
    case Slot::kRopeRows:
      return "rope_rows";
    case Slot::kHeadRows:
      return "head_rows";
    case Slot::kHidden:
      return "hidden";
    case Slot::kIncoming:
      return "incoming";
    case Slot::kLogits:
      return "logits";
    case Slot::kSampled:
      return "sampled";
  }
  return "unknown";
}

bool has_step_rows(Slot slot) {
  return slot != Slot::kHidden && slot != Slot::kSampled;
}

bool is_in_arena(Slot slot) {
  return slot == Slot::kHidden || slot == Slot::kIncoming || slot == Slot::kLogits ||
         slot == Slot::kSampled;
}

bool is_view(const Op& op) {
  return is<Columns>(op) || is<SplitHeads>(op);
}

bool is_source(const Op& op) {
  return is<Input>(op) || is<KvState>(op);
}

bool is_free(const Op& op) {
  return is_source(op) || is_view(op);
}

std::vector<WeightId> weights_of(const Op& op) {
  std::vector<WeightId> out;
  if (const auto* embed = std::get_if<Embed>(&op)) out.push_back(embed->table);
  if (const auto* norm = std::get_if<RmsNorm>(&op)) out.push_back(norm->norm.gain);
  if (const auto* matmul = std::get_if<MatMul>(&op)) {
    out.push_back(matmul->weight);
    if (matmul->norm) out.push_back(matmul->norm->gain);
  }
  if (const auto* attention = std::get_if<PagedAttention>(&op); attention && attention->norms) {
    out.push_back(attention->norms->q.gain);
    out.push_back(attention->norms->k.gain);
  }
  return out;
}

int state_operand(const Op& op) {
  if (is<PagedAttention>(op)) return 3;
  if (is<KvWrite>(op)) return 2;
  if (is<AttentionScores>(op) || is<AttentionValues>(op)) return 1;
  return -1;
}

int state_result(const Op& op) {
  if (is<PagedAttention>(op)) return 1;
  if (is<KvState>(op) || is<KvWrite>(op)) return 0;
  return -1;
}

}  // namespace rocmforge::ir
