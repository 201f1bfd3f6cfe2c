#include <map>
#include <optional>
#include <set>

#include "ir/analysis.h"
#include "ir/passes/fusions.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {
namespace {

// What a matmul adds, and the value that the sum was.
struct Residual {
  Value residual;
  Value sum;
};

// The matmul among an add's operands that can take the other one as its residual.
std::optional<std::size_t> matmul_operand(const Graph& graph, const std::vector<Uses>& uses,
                                          const Node& add) {
  for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
    const Value y = add.inputs[i];
    const auto* matmul = producer_as<MatMul>(graph, y);
    if (matmul == nullptr || matmul->epilogue != Epilogue::kNone) continue;
    if (!uses[index(y)].single()) continue;
    if (graph.info(add.inputs[1 - i]).producer < graph.info(y).producer) return i;
  }
  return std::nullopt;
}

}  // namespace

Graph fuse_residual(const Graph& graph) {
  const std::vector<Uses> uses = count_uses(graph);
  std::map<std::size_t, Residual> residuals;  // by the matmul's node
  std::set<std::size_t> dropped;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!std::holds_alternative<Add>(node.op)) continue;
    const std::optional<std::size_t> operand = matmul_operand(graph, uses, node);
    if (!operand) continue;
    residuals[producer(graph, node.inputs[*operand])] = {node.inputs[1 - *operand],
                                                         node.outputs[0]};
    dropped.insert(i);
  }
  return rewritten(graph, dropped, [&](Rewrite& rewrite, std::size_t i) {
    const auto found = residuals.find(i);
    if (found == residuals.end()) return false;
    const Node& node = graph.nodes[i];
    MatMul op = std::get<MatMul>(node.op);
    op.epilogue = Epilogue::kAdd;
    const Residual& r = found->second;
    rewrite.replace(r.sum,
                    rewrite.append(op, {rewrite.at(node.inputs[0]), rewrite.at(r.residual)})[0]);
    return true;
  });
}

}  // namespace rocmforge::ir
