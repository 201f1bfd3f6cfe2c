#include "backend/cpu/ops/call.h"

#include "base/check.h"

namespace rocmforge::cpu {

Operand Site::in(std::size_t i) const {
  return rows.operand(graph, plan, node.inputs.at(i));
}

Operand Site::out(std::size_t i) const {
  const Operand o = rows.operand(graph, plan, node.outputs.at(i));
  check(o.space == ir::Space::kArena, "[cpu] a result lies outside the arena");
  check(o.stride == o.cols, "[cpu] a result is not dense");
  return o;
}

std::int32_t Site::layer(std::size_t i) const {
  const auto id = static_cast<std::size_t>(node.inputs.at(i).id);
  const ir::Placement& place = plan.values.at(id);
  check(place.space == ir::Space::kKvState, "[cpu] an operand is no KV state");
  return static_cast<std::int32_t>(place.offset);
}

}  // namespace rocmforge::cpu
