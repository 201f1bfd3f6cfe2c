#include <set>

#include "ir/analysis.h"
#include "ir/passes/fusions.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {
namespace {

const Node& producer_of(const Graph& graph, Value v) {
  return graph.nodes[static_cast<std::size_t>(graph.info(v).producer)];
}

// The rope of operand k (q or k) of the attention at node i, when the attention can rotate itself.
const Node* fusable_rope(const Graph& graph, const std::vector<Uses>& uses, std::int32_t i,
                         std::size_t k) {
  const Node& node = graph.nodes[static_cast<std::size_t>(i)];
  const Value rotated = node.inputs[k];
  const auto* rope = producer_as<Rope>(graph, rotated);
  if (rope == nullptr || !uses[index(rotated)].single()) return nullptr;
  if (rope->rope.head_dim != std::get<PagedAttention>(node.op).attention.head_dim) return nullptr;
  const Node& from = producer_of(graph, rotated);
  for (const Value v : from.inputs) {
    if (written_between(graph, v, graph.info(rotated).producer, i)) return nullptr;
  }
  return &from;
}

bool fusable(const Graph& graph, const std::vector<Uses>& uses, std::int32_t i) {
  const auto* attention = std::get_if<PagedAttention>(&graph.nodes[static_cast<std::size_t>(i)].op);
  if (attention == nullptr || attention->rope) return false;
  const Node* q = fusable_rope(graph, uses, i, 0);
  const Node* k = fusable_rope(graph, uses, i, 1);
  return q != nullptr && k != nullptr && q->op == k->op && q->inputs[1] == k->inputs[1];
}

}  // namespace

Graph fuse_rope(const Graph& graph) {
  const std::vector<Uses> uses = count_uses(graph);
  std::set<std::int32_t> dropped;
  std::set<std::size_t> fused;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!fusable(graph, uses, static_cast<std::int32_t>(i))) continue;
    fused.insert(i);
    dropped.insert(graph.info(graph.nodes[i].inputs[0]).producer);
    dropped.insert(graph.info(graph.nodes[i].inputs[1]).producer);
  }

  Rewrite rewrite(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (dropped.count(static_cast<std::int32_t>(i)) != 0) continue;
    if (fused.count(i) == 0) {
      rewrite.keep(node);
      continue;
    }
    const Node& q = producer_of(graph, node.inputs[0]);
    const Node& k = producer_of(graph, node.inputs[1]);
    PagedAttention op = std::get<PagedAttention>(node.op);
    op.rope = std::get<Rope>(q.op).rope;
    const std::vector<Value> results = rewrite.append(
        op, rewrite.at({q.inputs[0], k.inputs[0], node.inputs[2], node.inputs[3], q.inputs[1]}));
    rewrite.replace(node.outputs[0], results[0]);
    rewrite.replace(node.outputs[1], results[1]);
  }
  return rewrite.finish();
}

}  // namespace rocmforge::ir
