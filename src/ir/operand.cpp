#include "ir/operand.h"

#include <algorithm>

#include "base/check.h"

namespace rocmforge::ir {
namespace {

bool is_head_graph(const Graph& graph) {
  const auto head_input = [](const Node& node) {
    const auto* input = std::get_if<Input>(&node.op);
    return input != nullptr && input->slot == Slot::kHeadRows;
  };
  const auto logits = [](const Output& o) { return o.slot == Slot::kLogits; };
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), head_input) ||
         std::any_of(graph.outputs.begin(), graph.outputs.end(), logits);
}

}  // namespace

StepRows::StepRows(const Graph& graph)
    : stepped_(std::make_unique<bool[]>(graph.values.size())), is_head_(is_head_graph(graph)) {
  for (const Node& node : graph.nodes) {
    const auto* input = std::get_if<Input>(&node.op);
    bool stepped = input != nullptr && has_step_rows(input->slot);
    if (stepped) n_rows_ = graph.desc(node.outputs.at(0)).shape[0];
    for (const Value v : node.inputs) {
      stepped = stepped || (!graph.info(v).is_state && stepped_[static_cast<std::size_t>(v.id)]);
    }
    for (const Value v : node.outputs) {
      stepped_[static_cast<std::size_t>(v.id)] = stepped && !graph.info(v).is_state;
    }
  }
  check(n_rows_ > 0, "[ir] " + graph.name + ": no operand has the step's rows");
}

Operand StepRows::operand(const Graph& graph, const MemoryPlan& plan, Value v) const {
  const auto id = static_cast<std::size_t>(v.id);
  const TensorDesc& desc = graph.desc(v);
  const Placement& place = plan.values.at(id);
  Operand o;
  o.space = place.space;
  o.offset = place.offset;
  o.dtype = desc.dtype;
  const bool list = desc.shape.rank() == 1;
  const std::int64_t rows = list ? desc.shape[0] : desc.n_rows();
  o.cols = list ? 1 : desc.shape[-1];
  o.stride = list ? 1 : desc.row_stride;
  if (stepped_[id]) {
    check(rows % n_rows_ == 0, "[ir] a value's rows are no multiple of the step's");
    o.rows_per_step = rows / n_rows_;
  } else {
    o.fixed_rows = rows;
  }
  return o;
}

}  // namespace rocmforge::ir
