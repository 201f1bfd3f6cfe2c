#include <set>

#include "ir/analysis.h"
#include "ir/passes/fusions.h"
#include "ir/passes/rewrite.h"

namespace rocmforge::ir {
namespace {

// The nodes that a sample at node i can take in: edit_logits, top_k, log_sum_exp; empty when one of
// them has other readers, or is something else.
std::set<std::size_t> fusable_chain(const Graph& graph, const std::vector<Uses>& uses,
                                    std::size_t i) {
  const Node& node = graph.nodes[i];
  const auto* sample = std::get_if<Sample>(&node.op);
  if (sample == nullptr || sample->fused) return {};
  const Value edited = node.inputs[0], values = node.inputs[1], ids = node.inputs[2],
              log_sum = node.inputs[3];
  const auto* top_k = producer_as<TopK>(graph, values);
  if (top_k == nullptr || top_k->k != kMaxCandidates) return {};
  if (producer(graph, values) != producer(graph, ids)) return {};
  const Node& top = producer_node(graph, values);
  if (top.outputs[0] != values || top.outputs[1] != ids || top.inputs[0] != edited) return {};
  if (producer_as<LogSumExp>(graph, log_sum) == nullptr) return {};
  const Node& sum = producer_node(graph, log_sum);
  if (sum.inputs[0] != edited || producer_as<EditLogits>(graph, edited) == nullptr) return {};
  for (const Value v : {values, ids, log_sum}) {
    if (!uses[index(v)].single()) return {};
  }
  if (uses[index(edited)].n_reads != 3 || uses[index(edited)].kept) return {};
  const std::size_t edit = producer(graph, edited);
  const Value logits = graph.nodes[edit].inputs[0];
  if (written_between(graph, logits, edit, i)) return {};
  return {edit, producer(graph, values), producer(graph, log_sum)};
}

}  // namespace

Graph fuse_sample(const Graph& graph) {
  const std::vector<Uses> uses = count_uses(graph);
  std::set<std::size_t> dropped, fused;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto chain = fusable_chain(graph, uses, i);
    if (chain.empty()) continue;
    fused.insert(i);
    dropped.insert(chain.begin(), chain.end());
  }
  return rewritten(graph, dropped, [&](Rewrite& rewrite, std::size_t i) {
    if (!fused.contains(i)) return false;
    const Node& node = graph.nodes[i];
    const Value logits = rewrite.at(producer_node(graph, node.inputs[0]).inputs[0]);
    rewrite.replace(node.outputs[0], rewrite.append(Sample{.fused = true}, {logits})[0]);
    return true;
  });
}

}  // namespace rocmforge::ir
