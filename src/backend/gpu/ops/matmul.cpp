// matmul: activations of many rows prepared by a launch of their own, then the products.
#include <algorithm>

#include "backend/gpu/ops/matmul_args.h"
#include "backend/gpu/ops/matmul_plan.h"
#include "backend/gpu/ops/ops.h"
#include "backend/gpu/ops/prepare_args.h"
#include "base/check.h"

namespace rocmforge::gpu {
namespace {

MatMulDesc describe(const ir::MatMul& op, const ir::Graph& graph, const ir::Node& node) {
  const ir::Weight& weight = graph.weights->at(op.weight);
  MatMulDesc desc{.segments = {},
                  .cols = weight.cols,
                  .n = graph.desc(node.inputs.at(0)).n_rows(),
                  .epilogue = op.epilogue};
  for (const ir::WeightSegment& s : weight.segments) desc.segments.push_back({s.dtype, s.rows});
  return desc;
}

MatMulEpilogue epilogue_of(ir::Epilogue epilogue) {
  switch (epilogue) {
    case ir::Epilogue::kNone:
      return MatMulEpilogue::kNone;
    case ir::Epilogue::kSwiGlu:
      return MatMulEpilogue::kSwiGlu;
    case ir::Epilogue::kAdd:
      return MatMulEpilogue::kAdd;
  }
  return MatMulEpilogue::kNone;
}

i32 int8_at(const MatMulScratch& scratch) {
  return static_cast<i32>((scratch.int8_at - scratch.f16_at) / kInt8Align);
}

void add_prepare(const ir::MatMul& op, const Site& site, const MatMulPlan& plan, const Operand& x) {
  const MatMulScratch& scratch = plan.scratch;
  Filling<PrepareArgs> f;
  f.args.rows = site.rows_args(x);
  f.point(f.args.x, f.args.x_stride, x);
  if (op.norm) {
    f.args.gain = site.weights.gain(op.norm->gain, x.cols);
    f.args.eps = op.norm->eps;
  }
  f.point(f.args.f16, ir::Space::kArena, site.scratch + scratch.f16_at);
  f.point(f.args.bf16, ir::Space::kArena, site.scratch + scratch.bf16_at);
  f.point(f.args.scale, ir::Space::kArena, site.scratch + scratch.scale_at);
  f.args.int8_at = int8_at(scratch);
  f.args.part = scratch.part;
  f.args.n_f16 = scratch.n_f16;
  f.args.n_bf16 = scratch.n_bf16;
  f.args.cols = static_cast<i32>(x.cols);
  f.args.padded = static_cast<i32>(scratch.cols);
  site.add(*plan.prepare, f);
}

// The activations, as the kernel takes them.
void point_x(const ir::MatMul& op, const Site& site, const MatMulPlan& plan, const Operand& x,
             Filling<MatMulArgs>& f) {
  if (!plan.prepare) {
    f.point(f.args.x, f.args.x_stride, x);
    if (op.norm) {
      f.args.gain = site.weights.gain(op.norm->gain, x.cols);
      f.args.eps = op.norm->eps;
    }
    return;
  }
  const MatMulScratch& scratch = plan.scratch;
  f.point(f.args.halves.f16, ir::Space::kArena, site.scratch + scratch.f16_at);
  f.point(f.args.halves.bf16, ir::Space::kArena, site.scratch + scratch.bf16_at);
  f.point(f.args.halves.scale, ir::Space::kArena, site.scratch + scratch.scale_at);
  f.args.halves.int8_at = int8_at(scratch);
  f.args.halves.part = scratch.part;
  f.args.halves.cols = static_cast<i32>(scratch.cols);
}

}  // namespace

std::int64_t scratch_bytes(const ir::MatMul& op, const ScratchSite& site) {
  return plan_matmul(describe(op, site.graph, site.node), site.arch).scratch.bytes;
}

void prepare(const ir::MatMul& op, const Site& site) {
  const MatMulDesc desc = describe(op, site.graph, site.node);
  const Operand x = site.in(0), y = site.out();
  const MatMulPlan plan = plan_matmul(desc, site.arch);
  check(y.cols == desc.outputs() && x.cols == desc.cols, "[gpu] matmul: shapes do not fit");
  // The memory plan never lays a result over x.
  check(x.space != y.space || x.offset != y.offset,
        "[gpu] matmul: its result lies over its operand");
  if (plan.prepare) add_prepare(op, site, plan, x);

  Filling<MatMulArgs> f;
  f.args.rows = site.rows_args(y);
  point_x(op, site, plan, x, f);
  if (op.epilogue == ir::Epilogue::kAdd) {
    f.point(f.args.residual, f.args.residual_stride, site.in(1));
  }
  f.point(f.args.y, y);
  f.args.outputs = static_cast<i32>(desc.outputs());
  f.args.epilogue = epilogue_of(op.epilogue);
  if (plan.scratch.sums_at < plan.scratch.bytes && (!plan.prepare || plan.n_tickets > 0)) {
    f.point(f.args.sums, ir::Space::kArena, site.scratch + plan.scratch.sums_at);
  }
  f.args.slice = plan.slice;
  f.args.tickets = site.tickets.take(plan.n_tickets);
  f.args.weight = site.weights.args(op.weight, "matmul");
  f.args.has_bias = site.graph.weights->at(op.weight).has_bias() ? 1 : 0;
  for (const MatMulLaunch& product : plan.products) {
    check(product.pieces.size() <= kMaxPieces, "[gpu] matmul: too many pieces");
    f.args.threads = product.launch.threads;
    f.args.part = product.part;
    f.args.splits = product.splits;
    f.args.split_steps = product.split_steps;
    f.args.n_tiles = product.n_tiles;
    f.args.n_pieces = static_cast<i32>(product.pieces.size());
    std::copy(product.pieces.begin(), product.pieces.end(), f.args.pieces);
    site.add(product.launch, f);
  }
}

}  // namespace rocmforge::gpu
