#include "ir/graph.h"

#include <algorithm>

namespace rocmforge::ir {

std::int64_t n_dispatches(const Graph& graph) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                       [](const Node& node) { return !is_free(node.op); });
}

}  // namespace rocmforge::ir
