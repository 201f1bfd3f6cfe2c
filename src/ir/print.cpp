#include <string>

#include "ir/graph.h"
#include "ir/text.h"

namespace rocmforge::ir {
namespace {

// What a line says of an op beside its name and operands; each part opens with a blank.
class Attributes {
 public:
  explicit Attributes(const WeightTable& weights) : weights_(weights) {}

  std::string operator()(const Input& op) const { return text(" ", name(op.slot)); }
  std::string operator()(const KvState& op) const { return text(" layer ", op.layer); }
  std::string operator()(const Embed& op) const { return weight(op.table); }
  std::string operator()(const MatMul& op) const {
    std::string line = weight(op.weight);
    if (op.norm) line += text(" norm", norm(*op.norm));
    if (op.epilogue == Epilogue::kSwiGlu) line += " swiglu";
    if (op.epilogue == Epilogue::kAdd) line += " add";
    return line;
  }
  std::string operator()(const RmsNorm& op) const { return norm(op.norm); }
  std::string operator()(const Rope& op) const { return rope(op.rope); }
  std::string operator()(const SwiGlu&) const { return {}; }
  std::string operator()(const Add&) const { return {}; }
  std::string operator()(const Scale& op) const { return text(" by ", op.factor); }
  std::string operator()(const Mask&) const { return {}; }
  std::string operator()(const Softmax&) const { return {}; }
  std::string operator()(const Accumulate&) const { return {}; }
  std::string operator()(const PagedAttention& op) const {
    std::string line = text(heads(op.attention), " scale ", op.attention.scale);
    if (op.norms) line += text(" norms", norm(op.norms->q), norm(op.norms->k));
    if (op.rope) line += text(" rope", rope(*op.rope));
    return line;
  }
  std::string operator()(const KvWrite& op) const { return heads(op.attention); }
  std::string operator()(const AttentionScores& op) const { return heads(op.attention); }
  std::string operator()(const AttentionValues& op) const { return heads(op.attention); }
  std::string operator()(const EditLogits&) const { return {}; }
  std::string operator()(const TopK& op) const { return text(" of ", op.k); }
  std::string operator()(const LogSumExp&) const { return {}; }
  std::string operator()(const Sample& op) const { return op.fused ? " fused" : ""; }
  std::string operator()(const Rows&) const { return {}; }
  std::string operator()(const Columns& op) const {
    return text(" from ", op.begin, " count ", op.count);
  }
  std::string operator()(const SplitHeads& op) const { return text(" into ", op.parts); }
  std::string operator()(const Copy&) const { return {}; }

 private:
  // " [blk.0.attn_qkv: Q4_1 576, Q8_0 192 bias]"
  std::string weight(WeightId id) const {
    const Weight& w = weights_.at(id);
    std::string line = text(" [", w.name, ":");
    for (const WeightSegment& segment : w.segments) {
      if (&segment != w.segments.data()) line += ",";
      line += text(" ", to_string(segment.dtype), " ", segment.rows);
      if (!segment.bias.empty()) line += " bias";
    }
    return line + "]";
  }
  std::string norm(const NormSpec& norm) const {
    return text(" ", weights_.at(norm.gain).name, " eps ", norm.eps);
  }
  static std::string rope(const RopeSpec& rope) {
    return text(rope.kind == RopeKind::kNorm ? " pairs " : " halves ", rope.n_rot, " of ",
                rope.head_dim);
  }
  static std::string heads(const AttentionSpec& a) {
    return text(" heads ", a.n_heads, "/", a.n_kv_heads, " of ", a.head_dim);
  }

  const WeightTable& weights_;
};

}  // namespace

std::string print(const Graph& graph, const Node& node) {
  std::string out, descs;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueInfo& info = graph.info(node.outputs[i]);
    const std::string_view comma = i == 0 ? "" : ", ";
    out += text(comma, node.outputs[i]);
    descs += text(comma, to_string(info.desc));
    if (!info.tap.empty()) descs += text(" tap ", info.tap);
  }
  out += text(" = ", name(node.op));
  for (const Value v : node.inputs) out += text(" ", v);
  return out + text(std::visit(Attributes(*graph.weights), node.op), " : ", descs);
}

std::string print(const Graph& graph) {
  std::string out = text("graph ", graph.name, "\n");
  for (const Node& node : graph.nodes) out += text(print(graph, node), "\n");
  for (const Output& output : graph.outputs) {
    out += text("output ", name(output.slot), " ", output.value, "\n");
  }
  return out;
}

}  // namespace rocmforge::ir
