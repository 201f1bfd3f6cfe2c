// What verifier, passes and memory plan ask of a graph.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace rocmforge::ir {

inline std::size_t index(Value v) {
  return static_cast<std::size_t>(v.id);
}

// The value whose memory a value shares through views: itself when it is no view. By Value::id.
std::vector<Value> view_roots(const Graph& graph);

struct Uses {
  std::int32_t n_reads = 0;     // operand places that read it
  std::int32_t last_read = -1;  // node of the last of them; -1 when there is none
  bool kept = false;            // tapped or an output: read after the run

  // Read by one operand place, and by nobody after the run.
  bool single() const { return n_reads == 1 && !kept; }
};
std::vector<Uses> count_uses(const Graph& graph);  // by Value::id

// True when a node in (after, before) writes over the memory of `v` (as Accumulate does), so that a
// read of it cannot move from `after` to `before`.
bool written_between(const Graph& graph, Value v, std::size_t after, std::size_t before);

// The node that defines a value: its index, itself, and its op when that is a T (null otherwise).
inline std::size_t producer(const Graph& graph, Value v) {
  return static_cast<std::size_t>(graph.info(v).producer);
}
inline const Node& producer_node(const Graph& graph, Value v) {
  return graph.nodes.at(producer(graph, v));
}
template <class T>
const T* producer_as(const Graph& graph, Value v) {
  return std::get_if<T>(&producer_node(graph, v).op);
}

}  // namespace rocmforge::ir
