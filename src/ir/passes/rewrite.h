// Copies a graph node by node, so that a pass says only what it changes. Values are numbered anew
// in the order of their definition.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <vector>

#include "ir/graph.h"

namespace rocmforge::ir {

class Rewrite {
 public:
  explicit Rewrite(const Graph& from);

  // Where an old value is in the new graph; it must be there (checked).
  Value at(Value old) const;
  std::vector<Value> at(const std::vector<Value>& old) const;

  // Takes a node over as it is.
  void keep(const Node& node);
  // A new node; `inputs` are values of the new graph.
  std::vector<Value> append(const Op& op, const std::vector<Value>& inputs);
  // A new source, whose shape no operand determines.
  Value append_source(const Op& op, const TensorDesc& desc);
  // The old value's readers, tap and output place go to `now`.
  void replace(Value old, Value now);

  // The new graph, verified.
  Graph finish();

 private:
  std::vector<Value> add(const Op& op, const std::vector<Value>& inputs,
                         const std::vector<TensorDesc>& results);

  const Graph& from_;
  Graph to_;
  std::vector<Value> moved_;  // by old Value::id
};

// A copy without the nodes of `dropped`. renew(rewrite, i) writes node i's successor and returns
// true; where it returns false, the node is kept as it is.
using Renew = std::function<bool(Rewrite& rewrite, std::size_t i)>;
Graph rewritten(const Graph& graph, const std::set<std::size_t>& dropped, const Renew& renew);

}  // namespace rocmforge::ir
