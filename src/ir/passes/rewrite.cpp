#include "ir/passes/rewrite.h"

#include <utility>

#include "base/check.h"
#include "ir/analysis.h"
#include "ir/infer.h"

namespace rocmforge::ir {

Rewrite::Rewrite(const Graph& from) : from_(from), moved_(from.values.size()) {
  to_.name = from.name;
  to_.weights = from.weights;
}

Value Rewrite::at(Value old) const {
  const Value now = moved_.at(index(old));
  check(now.id >= 0, "a pass reads a value that it dropped");
  return now;
}

std::vector<Value> Rewrite::at(const std::vector<Value>& old) const {
  std::vector<Value> now;
  for (const Value v : old) now.push_back(at(v));
  return now;
}

std::vector<Value> Rewrite::add(const Op& op, const std::vector<Value>& inputs,
                                const std::vector<TensorDesc>& results) {
  Node node{op, inputs, {}};
  for (std::size_t i = 0; i < results.size(); ++i) {
    node.outputs.push_back({static_cast<std::int32_t>(to_.values.size())});
    to_.values.push_back({.desc = results[i],
                          .producer = static_cast<std::int32_t>(to_.nodes.size()),
                          .is_state = static_cast<int>(i) == state_result(op),
                          .tap = {}});
  }
  to_.nodes.push_back(node);
  return node.outputs;
}

void Rewrite::keep(const Node& node) {
  std::vector<TensorDesc> descs;
  for (const Value v : node.outputs) descs.push_back(from_.desc(v));
  const std::vector<Value> now = add(node.op, at(node.inputs), descs);
  for (std::size_t i = 0; i < now.size(); ++i) replace(node.outputs[i], now[i]);
}

std::vector<Value> Rewrite::append(const Op& op, const std::vector<Value>& inputs) {
  std::vector<TensorDesc> descs;
  for (const Value v : inputs) descs.push_back(to_.desc(v));
  return add(op, inputs, infer(op, descs, *to_.weights, {}));
}

Value Rewrite::append_source(const Op& op, const TensorDesc& desc) {
  return add(op, {}, {desc})[0];
}

void Rewrite::replace(Value old, Value now) {
  moved_.at(index(old)) = now;
  const std::string& tap = from_.info(old).tap;
  if (!tap.empty()) to_.values.at(index(now)).tap = tap;
}

Graph Rewrite::finish() {
  for (const Output& output : from_.outputs) {
    to_.outputs.push_back({at(output.value), output.slot});
  }
  verify(to_);
  return std::exchange(to_, {});
}

Graph rewritten(const Graph& graph, const std::set<std::size_t>& dropped, const Renew& renew) {
  Rewrite rewrite(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!dropped.contains(i) && !renew(rewrite, i)) rewrite.keep(graph.nodes[i]);
  }
  return rewrite.finish();
}

}  // namespace rocmforge::ir
