#include "base/check.h"
#include "ir/graph.h"

namespace rocmforge::ir {

Graph specialise(const Graph& graph, std::int64_t n_rows) {
  check(n_rows > 0, "a graph is specialised to " + std::to_string(n_rows) + " rows");
  Graph result = graph;
  for (ValueInfo& value : result.values) {
    // A list of rows, [n], is as long as its row.
    if (value.desc.row_stride == kRows) value.desc.row_stride = n_rows;
    value.desc.shape = value.desc.shape.with_rows(n_rows);
  }
  return result;
}

}  // namespace rocmforge::ir
