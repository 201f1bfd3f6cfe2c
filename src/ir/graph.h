// A graph in static single assignment: nodes in an order that can be run, values defined once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ir/ops.h"
#include "ir/weight.h"
#include "tensor/tensor_desc.h"

namespace rocmforge::ir {

struct Value {
  std::int32_t id = -1;
  bool operator==(const Value&) const = default;
};

struct Node {
  Op op;
  std::vector<Value> inputs;   // as the op's comment in ops.h lists them
  std::vector<Value> outputs;  // one, or two where the op returns a new state beside its result
};

struct ValueInfo {
  TensorDesc desc;
  std::int32_t producer = -1;  // index of the node that defines it
  bool is_state = false;       // a KV state: lives outside the arena, consumed by one op at most
  std::string tap;             // non-empty: kept readable after the run, under this name
};

// A value that the runner reads after the run, at a fixed place.
struct Output {
  Value value;
  Slot slot = Slot::kHidden;
};

struct Graph {
  std::string name;
  std::shared_ptr<const WeightTable> weights;
  std::vector<Node> nodes;
  std::vector<ValueInfo> values;
  std::vector<Output> outputs;
  // Where each layer begins: the residual stream F32 [rows, dim] that it reads, and nothing else of
  // what came before. For partition, which runs before the other passes: they drop it.
  std::vector<Value> borders;

  const ValueInfo& info(Value v) const { return values.at(static_cast<std::size_t>(v.id)); }
  const TensorDesc& desc(Value v) const { return info(v).desc; }
};

// Every kRows replaced by n_rows; weights are shared.
Graph specialise(const Graph& graph, std::int64_t n_rows);

// Nodes that launch something.
std::int64_t n_dispatches(const Graph& graph);

// One line a node, as golden prints compare them.
std::string print(const Graph& graph);
std::string print(const Graph& graph, const Node& node);  // its line, without the end

// Throws Error{kInternal} naming graph, node and rule when the graph breaks one: definitions before
// uses, shapes as infer() gives them, states consumed once and in order, an accumulator read by
// nothing after it was written over, outputs dense.
void verify(const Graph& graph);

}  // namespace rocmforge::ir
