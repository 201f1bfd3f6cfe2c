#include <map>
#include <set>

#include "ir/analysis.h"
#include "ir/passes/fusions.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {

Graph fuse_swiglu(const Graph& graph) {
  const std::vector<Uses> uses = count_uses(graph);
  std::map<std::size_t, Value> result_of;  // matmul's node -> the SwiGLU's result
  std::set<std::size_t> dropped;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!std::holds_alternative<SwiGlu>(node.op)) continue;
    const Value y = node.inputs[0];
    const auto* matmul = producer_as<MatMul>(graph, y);
    if (matmul == nullptr || matmul->epilogue != Epilogue::kNone) continue;
    if (!uses[index(y)].single()) continue;
    result_of[producer(graph, y)] = node.outputs[0];
    dropped.insert(i);
  }
  return rewritten(graph, dropped, [&](Rewrite& rewrite, std::size_t i) {
    const auto found = result_of.find(i);
    if (found == result_of.end()) return false;
    const Node& node = graph.nodes[i];
    MatMul op = std::get<MatMul>(node.op);
    op.epilogue = Epilogue::kSwiGlu;
    rewrite.replace(found->second, rewrite.append(op, rewrite.at(node.inputs))[0]);
    return true;
  });
}

}  // namespace rocmforge::ir
