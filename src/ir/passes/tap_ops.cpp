#include <set>
#include <sstream>
#include <string>

#include "ir/analysis.h"
#include "ir/passes/passes.h"

namespace rocmforge::ir {
namespace {

// The node whose result is tapped under this name; -1 when there is none.
std::int32_t node_of(const Graph& graph, const std::string& tap) {
  for (const ValueInfo& value : graph.values) {
    if (value.tap == tap) return value.producer;
  }
  return -1;
}

std::set<std::int32_t> written_over(const Graph& graph) {
  const std::vector<Value> roots = view_roots(graph);
  std::set<std::int32_t> out;
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<Accumulate>(node.op)) out.insert(roots[index(node.inputs[0])].id);
  }
  return out;
}

// "matmul [blk.0.attn_output: Q8_0 64] add": the printed line without values and shapes, which a
// cut of the model numbers otherwise.
std::string name_of(const Graph& graph, const Node& node) {
  const std::string line = print(graph, node);
  std::istringstream words(line.substr(line.find(" = ") + 3));
  std::string out;
  for (std::string word; words >> word && word != ":";) {
    if (word.front() != '%') out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

}  // namespace

Graph tap_ops(const Graph& graph, const std::string& after, const std::string& until) {
  Graph out = graph;
  const std::set<std::int32_t> gone = written_over(graph);
  const std::int32_t last = node_of(graph, until);
  std::int32_t n_taps = 0;
  for (std::int32_t i = node_of(graph, after) + 1; i <= last; ++i) {
    const Node& node = graph.nodes[static_cast<std::size_t>(i)];
    if (is_free(node.op)) continue;
    const Value v = node.outputs[0];
    ValueInfo& info = out.values[index(v)];
    if (info.is_state || (!info.tap.empty() && i != last) || gone.contains(v.id)) continue;
    info.tap = std::to_string(++n_taps) + " " + name_of(graph, node);
  }
  verify(out);
  return out;
}

}  // namespace rocmforge::ir
