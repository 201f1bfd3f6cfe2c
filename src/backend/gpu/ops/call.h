// What every op's file builds on: prepare() turns a node into calls once, at load. A call is a
// kernel with its grid and arguments; the addresses among them are filled in when memory is bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/gpu/kernels.h"
#include "backend/gpu/ops/common_args.h"
#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/step_args.h"
#include "backend/gpu/weights.h"
#include "ir/graph.h"
#include "ir/operand.h"
#include "ir/passes/memory_plan.h"
#include "ir/step.h"

namespace rocmforge::gpu {

using ir::Operand;

// Memory that all calls of an executor share.
struct Bases {
  DeviceAddress arena = 0, step = 0, kv = 0;
  std::int64_t kv_layer_bytes = 0;
};

// An address among a call's arguments.
struct Patch {
  std::size_t at = 0;  // byte in the arguments
  ir::Space space = ir::Space::kArena;
  std::int64_t offset = 0;  // bytes; the layer for kKvState
};

// How many rows a call's operation has in a step of n: RowsArgs' numbers, on the host.
struct RowCount {
  std::int64_t fixed = 0, per_step = 0;
};
template <class Args>
RowCount row_count(const Args& args) {
  if constexpr (requires { args.rows.per_step; }) {
    return {args.rows.fixed, args.rows.per_step};
  } else {
    return {.fixed = 0, .per_step = 1};  // the step's
  }
}

struct Call {
  std::string kernel;
  FunctionHandle function = nullptr;  // found when memory is bound: its module may still be loading
  LaunchShape shape;                  // for the bucket's rows
  RowGroups groups;
  RowCount rows;
  std::vector<std::byte> args;
  std::vector<Patch> patches;

  void bind(const Bases& bases);
  LaunchShape shape_for(std::int64_t n) const;  // for a step of n rows
};

// Arguments on their way into a call.
template <class Args>
class Filling {
 public:
  static_assert(std::is_trivially_copyable_v<Args>);
  Args args{};

  // `field` is a pointer within args.
  template <class T>
  void point(T*& field, ir::Space space, std::int64_t offset) {
    const auto* at = reinterpret_cast<const std::byte*>(&field);
    patches_.push_back(
        {static_cast<std::size_t>(at - reinterpret_cast<const std::byte*>(&args)), space, offset});
  }
  template <class T>
  void point(T*& field, const Operand& operand) {
    point(field, operand.space, operand.offset);
  }
  // An operand of rows: where it is, and its stride.
  template <class T>
  void point(T*& field, i64& stride, const Operand& operand) {
    point(field, operand);
    stride = operand.stride;
  }
  const std::vector<Patch>& patches() const { return patches_; }

 private:
  std::vector<Patch> patches_;
};

// I32 tickets of an executor, all zero between launches.
class Tickets {
 public:
  explicit Tickets(ContextPtr context) : context_(std::move(context)) {}
  // At least n of them; earlier ones stay where they are.
  i32* take(std::int64_t n);

 private:
  ContextPtr context_;
  std::vector<DeviceMemory> memory_;
};

// A node to be prepared, and what there is to know of it.
class Site {
 public:
  const ir::Graph& graph;
  const ir::Node& node;
  const ir::MemoryPlan& plan;
  const BoundWeights& weights;
  const ir::StepLayout& step;
  DeviceAddress step_base;  // of the step buffer on the device
  const ir::StepRows& step_rows;
  const ArchInfo& arch;
  std::int64_t scratch = 0;  // arena offset
  Kernels& kernels;
  Tickets& tickets;
  std::vector<Call>& calls;  // where the node's calls go

  Operand in(std::size_t i) const;
  Operand out(std::size_t i = 0) const;                       // checked to be dense, in the arena
  std::int64_t n_rows() const { return step_rows.n_rows(); }  // of the bucket
  // Rows of the bucket.
  std::int64_t rows(const Operand& o) const { return o.rows(n_rows()); }

  // Fill parts of arguments.
  RowsArgs rows_args(const Operand& o) const;
  StepArgs step_args() const;
  // KV state that is operand i, and its type.
  template <class Args>
  DType point_kv(Filling<Args>& f, KvArgs& kv, std::size_t i, const ir::AttentionSpec& a) const {
    f.point(kv.layer, ir::Space::kKvState, layer(i));
    kv.n_kv_heads = a.n_kv_heads;
    kv.head_dim = a.head_dim;
    return kv_dtype(i);
  }
  DType kv_dtype(std::size_t i) const { return graph.desc(node.inputs.at(i)).dtype; }

  template <class Args>
  void add(const Launch& launch, Filling<Args> filling) const {
    filling.args.grid = {launch.grid_x, launch.grid_y};
    std::vector<std::byte> bytes(sizeof(Args));
    std::memcpy(bytes.data(), &filling.args, sizeof(Args));
    add(launch, row_count(filling.args), std::move(bytes), filling.patches());
  }

 private:
  void add(const Launch& launch, RowCount rows, std::vector<std::byte> args,
           const std::vector<Patch>& patches) const;
  std::int64_t layer(std::size_t i) const;
};

}  // namespace rocmforge::gpu
