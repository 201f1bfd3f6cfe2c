#include "ir/analysis.h"
#include "ir/passes/passes.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {

Graph remove_dead(const Graph& graph) {
  const std::vector<Uses> uses = count_uses(graph);
  std::vector<bool> wanted(graph.values.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = uses[i].kept;

  std::vector<bool> live(graph.nodes.size());
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    // A new state is read by the next step.
    live[i] = state_operand(node.op) >= 0 && state_result(node.op) >= 0;
    for (const Value v : node.outputs) live[i] = live[i] || wanted[index(v)];
    if (!live[i]) continue;
    for (const Value v : node.inputs) wanted[index(v)] = true;
  }

  Rewrite rewrite(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (live[i]) rewrite.keep(graph.nodes[i]);
  }
  return rewrite.finish();
}

}  // namespace rocmforge::ir
