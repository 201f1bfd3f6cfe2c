#include <set>

#include "ir/analysis.h"
#include "ir/passes/fusions.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {
namespace {

// The norm of operand k (q or k) of the attention at node i, when the attention can normalise
// itself.
const Node* fusable_norm(const Graph& graph, const std::vector<Uses>& uses, std::size_t i,
                         std::size_t k) {
  const Node& node = graph.nodes[i];
  const Value normed = node.inputs[k];
  const auto* norm = producer_as<RmsNorm>(graph, normed);
  if (norm == nullptr || !uses[index(normed)].single()) return nullptr;
  const std::int32_t head_dim = std::get<PagedAttention>(node.op).attention.head_dim;
  if (graph.weights->at(norm->norm.gain).cols != head_dim) return nullptr;
  const Node& from = producer_node(graph, normed);
  return written_between(graph, from.inputs[0], producer(graph, normed), i) ? nullptr : &from;
}

bool fusable(const Graph& graph, const std::vector<Uses>& uses, std::size_t i) {
  const auto* attention = std::get_if<PagedAttention>(&graph.nodes[i].op);
  return attention != nullptr && !attention->norms && fusable_norm(graph, uses, i, 0) != nullptr &&
         fusable_norm(graph, uses, i, 1) != nullptr;
}

}  // namespace

Graph fuse_head_norms(const Graph& graph) {
  const std::vector<Uses> uses = count_uses(graph);
  std::set<std::size_t> dropped, fused;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!fusable(graph, uses, i)) continue;
    fused.insert(i);
    dropped.insert(producer(graph, graph.nodes[i].inputs[0]));
    dropped.insert(producer(graph, graph.nodes[i].inputs[1]));
  }
  return rewritten(graph, dropped, [&](Rewrite& rewrite, std::size_t i) {
    if (!fused.contains(i)) return false;
    const Node& node = graph.nodes[i];
    const Node& q = producer_node(graph, node.inputs[0]);
    const Node& k = producer_node(graph, node.inputs[1]);
    PagedAttention op = std::get<PagedAttention>(node.op);
    op.norms = HeadNorms{std::get<RmsNorm>(q.op).norm, std::get<RmsNorm>(k.op).norm};
    std::vector<Value> inputs = node.inputs;
    inputs[0] = q.inputs[0];
    inputs[1] = k.inputs[0];
    const std::vector<Value> results = rewrite.append(op, rewrite.at(inputs));
    rewrite.replace(node.outputs[0], results[0]);
    rewrite.replace(node.outputs[1], results[1]);
    return true;
  });
}

}  // namespace rocmforge::ir
