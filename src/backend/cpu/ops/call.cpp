#include "backend/cpu/ops/call.h"

#include "base/check.h"

namespace rocmforge::cpu {

Operand Site::operand(ir::Value v) const {
  const auto id = static_cast<std::size_t>(v.id);
  const TensorDesc& desc = graph.desc(v);
  const ir::Placement& place = plan.values.at(id);
  Operand o;
  o.space = place.space;
  o.offset = place.offset;
  o.dtype = desc.dtype;
  const bool list = desc.shape.rank() == 1;
  const std::int64_t rows = list ? desc.shape[0] : desc.n_rows();
  o.cols = list ? 1 : desc.shape[-1];
  o.stride = list ? 1 : desc.row_stride;
  if (per_step[id]) {
    check(rows % n_rows == 0, "[cpu] a value's rows are no multiple of the step's");
    o.rows_per_step = rows / n_rows;
  } else {
    o.fixed_rows = rows;
  }
  return o;
}

Operand Site::in(std::size_t i) const {
  return operand(node.inputs.at(i));
}

Operand Site::out(std::size_t i) const {
  const Operand o = operand(node.outputs.at(i));
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
