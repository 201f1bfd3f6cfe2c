#include <algorithm>

#include "ir/passes/passes.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {
namespace {

bool is_attention(const Node& node) {
  return std::holds_alternative<PagedAttention>(node.op);
}

void expand(Rewrite& rewrite, const Node& node, Value positions, std::int64_t columns) {
  const auto& op = std::get<PagedAttention>(node.op);
  const AttentionSpec& a = op.attention;
  std::vector<Value> in = rewrite.at(node.inputs);  // q, k, v, kv (, rope rows)
  if (op.norms) {
    in[0] = rewrite.append(RmsNorm{op.norms->q}, {in[0]})[0];
    in[1] = rewrite.append(RmsNorm{op.norms->k}, {in[1]})[0];
  }
  if (op.rope) {
    in[0] = rewrite.append(Rope{*op.rope}, {in[0], in[4]})[0];
    in[1] = rewrite.append(Rope{*op.rope}, {in[1], in[4]})[0];
  }
  const Value kv = rewrite.append(KvWrite{a}, {in[1], in[2], in[3]})[0];
  Value scores = rewrite.append(AttentionScores{a, columns}, {in[0], kv})[0];
  scores = rewrite.append(Scale{a.scale}, {scores})[0];
  scores = rewrite.append(Mask{}, {scores, positions})[0];
  const Value weights = rewrite.append(Softmax{}, {scores})[0];
  rewrite.replace(node.outputs[0], rewrite.append(AttentionValues{a}, {weights, kv})[0]);
  rewrite.replace(node.outputs[1], kv);
}

}  // namespace

Graph expand_attention(const Graph& graph, std::int64_t columns) {
  const auto first = std::find_if(graph.nodes.begin(), graph.nodes.end(), is_attention);
  if (first == graph.nodes.end()) return graph;

  Rewrite rewrite(graph);
  // The graph's rows: those of the queries.
  const std::int64_t n = graph.desc(first->inputs[0]).shape[0];
  const Op input = Input{Slot::kPositions};
  const Value positions = rewrite.append_source(input, TensorDesc::dense(DType::kI32, {n}));
  for (const Node& node : graph.nodes) {
    if (is_attention(node)) {
      expand(rewrite, node, positions, columns);
    } else if (node.op == input) {
      rewrite.replace(node.outputs[0], positions);
    } else {
      rewrite.keep(node);
    }
  }
  return rewrite.finish();
}

}  // namespace rocmforge::ir
