#include "ir/analysis.h"

namespace rocmforge::ir {

std::vector<Value> view_roots(const Graph& graph) {
  std::vector<Value> roots(graph.values.size());
  for (const Node& node : graph.nodes) {
    for (const Value v : node.outputs) {
      roots.at(index(v)) = is_view(node.op) ? roots.at(index(node.inputs.at(0))) : v;
    }
  }
  return roots;
}

std::vector<Uses> count_uses(const Graph& graph) {
  std::vector<Uses> uses(graph.values.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const Value v : graph.nodes[i].inputs) {
      Uses& u = uses.at(index(v));
      ++u.n_reads;
      u.last_read = static_cast<std::int32_t>(i);
    }
  }
  for (std::size_t i = 0; i < graph.values.size(); ++i) uses[i].kept = !graph.values[i].tap.empty();
  for (const Output& output : graph.outputs) uses.at(index(output.value)).kept = true;
  return uses;
}

bool written_between(const Graph& graph, Value v, std::size_t after, std::size_t before) {
  const std::vector<Value> roots = view_roots(graph);
  const Value root = roots.at(index(v));
  for (std::size_t i = after + 1; i < before; ++i) {
    const Node& node = graph.nodes.at(i);
    if (!std::holds_alternative<Accumulate>(node.op)) continue;
    if (roots.at(index(node.inputs.at(0))) == root) return true;
  }
  return false;
}

}  // namespace rocmforge::ir
