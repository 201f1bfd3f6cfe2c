#include <set>

#include "ir/analysis.h"
#include "ir/passes/fusions.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {
namespace {

// The norm that makes the rows of the matmul at node i, when that matmul can make them itself.
const RmsNorm* fusable_norm(const Graph& graph, const std::vector<Uses>& uses, std::size_t i) {
  const Node& node = graph.nodes[i];
  const auto* matmul = std::get_if<MatMul>(&node.op);
  if (matmul == nullptr || matmul->norm) return nullptr;
  const Value h = node.inputs[0];
  const auto* norm = producer_as<RmsNorm>(graph, h);
  if (norm == nullptr || !uses[index(h)].single()) return nullptr;
  const WeightTable& weights = *graph.weights;
  if (weights.at(norm->norm.gain).cols != weights.at(matmul->weight).cols) return nullptr;
  const Value x = producer_node(graph, h).inputs[0];
  return written_between(graph, x, producer(graph, h), i) ? nullptr : norm;
}

}  // namespace

Graph fuse_norm(const Graph& graph) {
  const std::vector<Uses> uses = count_uses(graph);
  std::set<std::size_t> dropped, fused;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (fusable_norm(graph, uses, i) == nullptr) continue;
    fused.insert(i);
    dropped.insert(producer(graph, graph.nodes[i].inputs[0]));
  }
  return rewritten(graph, dropped, [&](Rewrite& rewrite, std::size_t i) {
    if (!fused.contains(i)) return false;
    const Node& node = graph.nodes[i];
    const Value h = node.inputs[0];
    MatMul op = std::get<MatMul>(node.op);
    op.norm = producer_as<RmsNorm>(graph, h)->norm;
    std::vector<Value> inputs = node.inputs;
    inputs[0] = producer_node(graph, h).inputs[0];
    rewrite.replace(node.outputs[0], rewrite.append(op, rewrite.at(inputs))[0]);
    return true;
  });
}

}  // namespace rocmforge::ir
