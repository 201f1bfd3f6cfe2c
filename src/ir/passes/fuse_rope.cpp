#include <set>

#include "ir/analysis.h"
#include "ir/passes/fusions.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {
namespace {

// The rope of operand k (q or k) of the attention at node i, when the attention can rotate itself.
const Node* fusable_rope(const Graph& graph, const std::vector<Uses>& uses, std::size_t i,
                         std::size_t k) {
  const Node& node = graph.nodes[i];
  const Value rotated = node.inputs[k];
  const auto* rope = producer_as<Rope>(graph, rotated);
  if (rope == nullptr || !uses[index(rotated)].single()) return nullptr;
  if (rope->rope.head_dim != std::get<PagedAttention>(node.op).attention.head_dim) return nullptr;
  const Node& from = producer_node(graph, rotated);
  for (const Value v : from.inputs) {
    if (written_between(graph, v, producer(graph, rotated), i)) return nullptr;
  }
  return &from;
}

bool fusable(const Graph& graph, const std::vector<Uses>& uses, std::size_t i) {
  const auto* attention = std::get_if<PagedAttention>(&graph.nodes[i].op);
  if (attention == nullptr || attention->rope) return false;
  const Node* q = fusable_rope(graph, uses, i, 0);
  const Node* k = fusable_rope(graph, uses, i, 1);
  return q != nullptr && k != nullptr && q->op == k->op && q->inputs[1] == k->inputs[1];
}

}  // namespace

Graph fuse_rope(const Graph& graph) {
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
    op.rope = std::get<Rope>(q.op).rope;
    const std::vector<Value> results = rewrite.append(
        op, rewrite.at({q.inputs[0], k.inputs[0], node.inputs[2], node.inputs[3], q.inputs[1]}));
    rewrite.replace(node.outputs[0], results[0]);
    rewrite.replace(node.outputs[1], results[1]);
    return true;
  });
}

}  // namespace rocmforge::ir
