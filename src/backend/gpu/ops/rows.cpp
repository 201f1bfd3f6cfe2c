// Ops that go row by row, one launch each: what each kernel computes stands in device/.
#include "backend/gpu/ops/row_plans.h"

#include "backend/gpu/ops/add_args.h"
#include "backend/gpu/ops/copy_args.h"
#include "backend/gpu/ops/embed_args.h"
#include "backend/gpu/ops/mask_args.h"
#include "backend/gpu/ops/ops.h"
#include "backend/gpu/ops/rms_norm_args.h"
#include "backend/gpu/ops/rope_args.h"
#include "backend/gpu/ops/rows_args.h"
#include "backend/gpu/ops/scale_args.h"
#include "backend/gpu/ops/softmax_args.h"
#include "backend/gpu/ops/swiglu_args.h"
#include "base/check.h"

namespace rocmforge::gpu {
namespace {

RowsShape shape_of(const Site& site, const Operand& o) {
  return {site.rows(o), o.cols};
}

// x in, y out, rows and columns of y: what most of these have.
template <class Args>
Filling<Args> fill_rows(const Site& site, const Operand& x, const Operand& y) {
  Filling<Args> f;
  f.args.rows = site.rows_args(y);
  f.point(f.args.x, f.args.x_stride, x);
  f.point(f.args.y, y);
  f.args.cols = static_cast<i32>(y.cols);
  return f;
}

void check_f32(const Operand& o, const char* op) {
  check(o.dtype == DType::kF32, std::string("[gpu] ") + op + ": an operand is not F32");
}

// y = a + b; y may be a.
void prepare_add(const Site& site, const char* op) {
  const Operand a = site.in(0), b = site.in(1), y = site.out();
  check_f32(a, op);
  check(a.cols == y.cols && b.cols == y.cols, "[gpu] add: shapes do not fit");
  Filling<AddArgs> f;
  f.args.rows = site.rows_args(y);
  f.point(f.args.a, f.args.a_stride, a);
  f.point(f.args.b, f.args.b_stride, b);
  f.point(f.args.y, y);
  f.args.cols = static_cast<i32>(y.cols);
  site.add(plan_add(shape_of(site, y), site.arch), f);
}

}  // namespace

void prepare(const ir::Add&, const Site& site) {
  prepare_add(site, "add");
}

void prepare(const ir::Accumulate&, const Site& site) {
  prepare_add(site, "accumulate");
}

void prepare(const ir::Embed& op, const Site& site) {
  const Operand tokens = site.in(0), y = site.out();
  Filling<EmbedArgs> f;
  f.args.rows = site.rows_args(y);
  f.point(f.args.tokens, tokens);
  if (site.node.inputs.size() == 2) {
    const Operand sampled = site.in(1);
    f.point(f.args.sampled, sampled);
    f.args.n_sampled = static_cast<i32>(sampled.fixed_rows);
  }
  f.point(f.args.y, y);
  f.args.table = site.weights.args(op.table, "embed");
  check(y.cols == f.args.table.cols, "[gpu] embed: a result row is not a table row");
  site.add(plan_embed(shape_of(site, y), site.arch), f);
}

void prepare(const ir::RmsNorm& op, const Site& site) {
  const Operand x = site.in(0), y = site.out();
  const std::int64_t length = site.graph.weights->at(op.norm.gain).cols;
  auto f = fill_rows<RmsNormArgs>(site, x, y);
  f.args.gain = site.weights.gain(op.norm.gain, length);
  f.args.length = static_cast<i32>(length);
  f.args.eps = op.norm.eps;
  site.add(plan_rms_norm(shape_of(site, y), length, site.arch), f);
}

void prepare(const ir::Rope& op, const Site& site) {
  const Operand x = site.in(0), angles = site.in(1), y = site.out();
  check(
      x.cols % op.rope.head_dim == 0 && op.rope.n_rot <= op.rope.head_dim && op.rope.n_rot % 2 == 0,
      "[gpu] rope: columns are not whole heads");
  auto f = fill_rows<RopeArgs>(site, x, y);
  f.point(f.args.angles, f.args.angles_stride, angles);
  f.args.rope = rope_args(op.rope);
  site.add(plan_rope(shape_of(site, y), site.arch), f);
}

void prepare(const ir::SwiGlu&, const Site& site) {
  const Operand x = site.in(0), y = site.out();
  check(x.cols == 2 * y.cols, "[gpu] swiglu: shapes do not fit");
  site.add(plan_swiglu(shape_of(site, y), site.arch), fill_rows<SwigluArgs>(site, x, y));
}

void prepare(const ir::Scale& op, const Site& site) {
  const Operand y = site.out();
  auto f = fill_rows<ScaleArgs>(site, site.in(0), y);
  f.args.factor = op.factor;
  site.add(plan_scale(shape_of(site, y), site.arch), f);
}

void prepare(const ir::Mask&, const Site& site) {
  const Operand x = site.in(0), y = site.out();
  auto f = fill_rows<MaskArgs>(site, x, y);
  f.point(f.args.positions, site.in(1));
  f.args.heads = static_cast<i32>(x.rows_per_step);
  check(f.args.heads > 0, "[gpu] mask: rows are not the step's");
  site.add(plan_mask(shape_of(site, y), site.arch), f);
}

void prepare(const ir::Softmax&, const Site& site) {
  const Operand y = site.out();
  site.add(plan_softmax(shape_of(site, y), site.arch), fill_rows<SoftmaxArgs>(site, site.in(0), y));
}

void prepare(const ir::Rows&, const Site& site) {
  const Operand x = site.in(0), y = site.out();
  check(bytes_of(x.dtype, 1) == 4, "[gpu] rows: elements are not of 4 bytes");
  auto f = fill_rows<GatherArgs>(site, x, y);
  f.args.x_rows = site.rows_args(x);
  f.point(f.args.ids, site.in(1));
  site.add(plan_rows(shape_of(site, y), site.arch), f);
}

void prepare(const ir::Copy&, const Site& site) {
  const Operand x = site.in(0), y = site.out();
  check(bytes_of(x.dtype, 1) == 4, "[gpu] copy: elements are not of 4 bytes");
  site.add(plan_copy(shape_of(site, y), site.arch), fill_rows<CopyArgs>(site, x, y));
}

}  // namespace rocmforge::gpu
