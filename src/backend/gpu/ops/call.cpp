#include "backend/gpu/ops/call.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rocmforge::gpu {

void Call::bind(const Bases& bases) {
  for (const Patch& patch : patches) {
    DeviceAddress address = 0;
    switch (patch.space) {
      case ir::Space::kArena:
        address = bases.arena + static_cast<DeviceAddress>(patch.offset);
        break;
      case ir::Space::kStep:
        address = bases.step + static_cast<DeviceAddress>(patch.offset);
        break;
      case ir::Space::kKvState:
        check(bases.kv != 0, "[gpu] a graph with a KV state, and no KV buffer");
        address = bases.kv + static_cast<DeviceAddress>(patch.offset * bases.kv_layer_bytes);
        break;
    }
    std::memcpy(args.data() + patch.at, &address, sizeof(address));
  }
}

LaunchShape Call::shape_for(std::int64_t n) const {
  if (groups.items == 0) return shape;
  const std::int64_t items = (rows.fixed + rows.per_step * n) * groups.items;
  const std::int64_t wanted = (items + groups.per_group - 1) / groups.per_group;
  LaunchShape out = shape;
  std::uint32_t& side = out.grid[groups.along_y ? 1 : 0];
  side = static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 1, side));
  return out;
}

i32* Tickets::take(std::int64_t n) {
  if (n == 0) return nullptr;
  const std::int64_t bytes = n * static_cast<std::int64_t>(sizeof(i32));
  if (memory_.empty() || memory_.back().bytes() < bytes) {
    memory_.push_back(allocate(*context_, bytes, "tickets"));
    context_->api->fill_zero(memory_.back().address(), bytes, context_->setup.get());
    context_->api->wait(context_->setup.get());
  }
  return reinterpret_cast<i32*>(memory_.back().address());
}

Operand Site::in(std::size_t i) const {
  return step_rows.operand(graph, plan, node.inputs.at(i));
}

Operand Site::out(std::size_t i) const {
  const Operand o = step_rows.operand(graph, plan, node.outputs.at(i));
  check(o.space == ir::Space::kArena, "[gpu] a result lies outside the arena");
  check(o.stride == o.cols, "[gpu] a result is not dense");
  return o;
}

std::int64_t Site::layer(std::size_t i) const {
  const auto id = static_cast<std::size_t>(node.inputs.at(i).id);
  const ir::Placement& place = plan.values.at(id);
  check(place.space == ir::Space::kKvState, "[gpu] an operand is no KV state");
  return place.offset;
}

RowsArgs Site::rows_args(const Operand& o) const {
  return gpu::rows_args(step, reinterpret_cast<const void*>(step_base), o.fixed_rows,
                        o.rows_per_step, step_rows.is_head());
}

StepArgs Site::step_args() const {
  return gpu::step_args(step, reinterpret_cast<const void*>(step_base));
}

void Site::add(const Launch& launch, RowCount rows, std::vector<std::byte> args,
               const std::vector<Patch>& patches) const {
  Call call;
  kernels.want(launch.kernel);
  call.kernel = launch.kernel;
  call.shape.grid[0] = static_cast<std::uint32_t>(launch.grid_x);
  call.shape.grid[1] = static_cast<std::uint32_t>(launch.grid_y);
  call.shape.block[0] = static_cast<std::uint32_t>(launch.threads);
  call.shape.shared_bytes = static_cast<std::uint32_t>(launch.lds_bytes);
  call.groups = launch.rows;
  call.rows = rows;
  call.args = std::move(args);
  call.patches = patches;
  calls.push_back(std::move(call));
}

}  // namespace rocmforge::gpu
