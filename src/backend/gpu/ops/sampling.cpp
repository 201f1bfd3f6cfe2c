// The sampling ops: what each kernel computes stands in device/sampling.h.
#include "backend/gpu/ops/ops.h"
#include "backend/gpu/ops/sampling_args.h"
#include "backend/gpu/ops/sampling_plan.h"
#include "base/check.h"

namespace rocmforge::gpu {
namespace {

void check_head(const Site& site, const char* op) {
  check(site.step_rows.is_head(), std::string("[gpu] ") + op + ": rows are not the head's");
}

void prepare_fused(const Site& site) {
  const Operand x = site.in(0), y = site.out();
  const SampleFusedPlan plan = plan_sample_fused(site.rows(y), x.cols, site.arch);
  Filling<SampleFusedArgs> f;
  f.args.rows = site.rows_args(y);
  f.args.step = site.step_args();
  f.point(f.args.x, f.args.x_stride, x);
  f.point(f.args.y, y);
  f.point(f.args.parts, ir::Space::kArena, site.scratch);
  f.args.tickets = site.tickets.take(plan.n_tickets);
  f.args.vocab = static_cast<i32>(x.cols);
  f.args.slice = plan.slice;
  site.add(plan.launch, f);
}

}  // namespace

std::int64_t scratch_bytes(const ir::Sample& op, const ScratchSite& site) {
  if (!op.fused) return 0;
  const TensorDesc& logits = site.graph.desc(site.node.inputs.at(0));
  return plan_sample_fused(logits.shape[0], logits.shape[1], site.arch).parts_bytes;
}

void prepare(const ir::EditLogits&, const Site& site) {
  check_head(site, "edit_logits");
  const Operand x = site.in(0), y = site.out();
  Filling<EditLogitsArgs> f;
  f.args.rows = site.rows_args(y);
  f.args.step = site.step_args();
  f.point(f.args.x, f.args.x_stride, x);
  f.point(f.args.y, y);
  f.args.vocab = static_cast<i32>(y.cols);
  site.add(plan_edit_logits(site.rows(y), y.cols, site.arch), f);
}

void prepare(const ir::TopK& op, const Site& site) {
  const Operand x = site.in(0), values = site.out(0), ids = site.out(1);
  Filling<TopKArgs> f;
  f.args.rows = site.rows_args(values);
  f.point(f.args.x, f.args.x_stride, x);
  f.point(f.args.values, values);
  f.point(f.args.ids, ids);
  f.args.vocab = static_cast<i32>(x.cols);
  f.args.k = op.k;
  site.add(plan_top_k(site.rows(values), site.arch), f);
}

void prepare(const ir::LogSumExp&, const Site& site) {
  const Operand x = site.in(0), y = site.out();
  Filling<LogSumExpArgs> f;
  f.args.rows = site.rows_args(y);
  f.point(f.args.x, f.args.x_stride, x);
  f.point(f.args.y, y);
  f.args.vocab = static_cast<i32>(x.cols);
  site.add(plan_log_sum_exp(site.rows(y), site.arch), f);
}

void prepare(const ir::Sample& op, const Site& site) {
  check_head(site, "sample");
  if (op.fused) return prepare_fused(site);
  const Operand logits = site.in(0), values = site.in(1), ids = site.in(2), y = site.out();
  check(values.stride == values.cols && ids.stride == ids.cols && values.cols == ids.cols,
        "[gpu] sample: candidates are not dense");
  Filling<SampleArgs> f;
  f.args.rows = site.rows_args(y);
  f.args.step = site.step_args();
  f.point(f.args.logits, f.args.logits_stride, logits);
  f.point(f.args.values, values);
  f.point(f.args.ids, ids);
  f.point(f.args.log_sums, site.in(3));
  f.point(f.args.y, y);
  f.args.vocab = static_cast<i32>(logits.cols);
  f.args.k = static_cast<i32>(values.cols);
  site.add(plan_sample(site.rows(y), site.arch), f);
}

}  // namespace rocmforge::gpu
