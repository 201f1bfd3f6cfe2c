// matmul: activations prepared by a launch of their own where they do not fit the workgroups' LDS,
// then the products.
#include "backend/gpu/ops/matmul_args.h"
#include "backend/gpu/ops/matmul_plan.h"
#include "backend/gpu/ops/ops.h"
#include "backend/gpu/ops/quantize_args.h"
#include "base/check.h"

namespace rocmforge::gpu {
namespace {

// The memory plan never lays a result over x.
MatMulDesc describe(const ir::MatMul& op, const ir::Graph& graph, const ir::Node& node) {
  const ir::Weight& weight = graph.weights->at(op.weight);
  MatMulDesc desc{.segments = {},
                  .rows = weight.rows(),
                  .cols = weight.cols,
                  .n = graph.desc(node.inputs.at(0)).n_rows(),
                  .epilogue = op.epilogue,
                  .norm = op.norm.has_value()};
  for (const ir::WeightSegment& s : weight.segments) desc.segments.push_back(s.dtype);
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

template <class Args>
void point_quantized(Filling<Args>& f, QuantizedArgs& q, const Site& site,
                     const MatMulScratch& scratch) {
  if (!scratch.int8) return;
  f.point(q.values, ir::Space::kArena, site.scratch + scratch.values_at);
  f.point(q.scales, ir::Space::kArena, site.scratch + scratch.scales_at);
  f.point(q.sums, ir::Space::kArena, site.scratch + scratch.sums_at);
}

void add_quantize(const ir::MatMul& op, const Site& site, const MatMulPlan& plan,
                  const Operand& x) {
  Filling<QuantizeArgs> f;
  f.args.rows = site.rows_args(x);
  f.point(f.args.x, f.args.x_stride, x);
  if (op.norm) {
    f.args.gain = site.weights.gain(op.norm->gain, x.cols);
    f.args.eps = op.norm->eps;
  }
  if (plan.scratch.f32) {
    f.point(f.args.f32, ir::Space::kArena, site.scratch + plan.scratch.f32_at);
  }
  point_quantized(f, f.args.q, site, plan.scratch);
  f.args.cols = static_cast<i32>(x.cols);
  site.add(*plan.quantize, f);
}

}  // namespace

std::int64_t scratch_bytes(const ir::MatMul& op, const ScratchSite& site) {
  return plan_matmul(describe(op, site.graph, site.node), site.arch).scratch.bytes;
}

void prepare(const ir::MatMul& op, const Site& site) {
  const MatMulDesc desc = describe(op, site.graph, site.node);
  const Operand x = site.in(0), y = site.out();
  const MatMulPlan plan = plan_matmul(desc, site.arch);
  const std::int64_t outputs = op.epilogue == ir::Epilogue::kSwiGlu ? desc.rows / 2 : desc.rows;
  check(y.cols == outputs && x.cols == desc.cols, "[gpu] matmul: shapes do not fit");
  check(x.space != y.space || x.offset != y.offset,
        "[gpu] matmul: its result lies over its operand");
  if (plan.quantize) add_quantize(op, site, plan, x);

  Filling<MatMulArgs> f;
  f.args.rows = site.rows_args(y);
  if (plan.quantize && plan.scratch.f32) {
    f.point(f.args.x, ir::Space::kArena, site.scratch + plan.scratch.f32_at);
    f.args.x_stride = x.cols;
  } else {
    f.point(f.args.x, f.args.x_stride, x);
  }
  if (plan.quantize) {
    point_quantized(f, f.args.q, site, plan.scratch);
  } else if (op.norm) {
    f.args.gain = site.weights.gain(op.norm->gain, x.cols);
    f.args.eps = op.norm->eps;
  }
  if (op.epilogue == ir::Epilogue::kAdd) {
    f.point(f.args.residual, f.args.residual_stride, site.in(1));
  }
  f.point(f.args.y, y);
  f.args.outputs = static_cast<i32>(outputs);
  f.args.epilogue = epilogue_of(op.epilogue);
  f.args.weight = site.weights.args(op.weight, "matmul");
  site.add(plan.matmul, f);
}

}  // namespace rocmforge::gpu
