// The ops over the paged KV state.
#include "backend/gpu/ops/attention_scores_args.h"
#include "backend/gpu/ops/attention_values_args.h"
#include "backend/gpu/ops/kv_write_args.h"
#include "backend/gpu/ops/ops.h"
#include "backend/gpu/ops/paged_attention_args.h"
#include "backend/gpu/ops/paged_attention_plan.h"
#include "backend/gpu/ops/row_plans.h"
#include "base/check.h"

namespace rocmforge::gpu {
namespace {

PagedAttentionPlan plan_of(const ir::PagedAttention& op, const ir::Graph& graph,
                           const ir::Node& node, const ir::StepLimits& limits,
                           const ArchInfo& arch) {
  return plan_paged_attention({.attention = op.attention,
                               .kv = graph.desc(node.inputs.at(3)).dtype,
                               .n = graph.desc(node.inputs.at(0)).n_rows(),
                               .max_partials = limits.max_partials},
                              arch);
}

// k and v are operands 0 and 1 of kv_write, 1 and 2 of paged_attention.
Filling<KvWriteArgs> fill_kv_write(const Site& site, std::size_t first, std::size_t state,
                                   const ir::AttentionSpec& attention) {
  Filling<KvWriteArgs> f;
  f.args.step = site.step_args();
  f.point(f.args.k, f.args.k_stride, site.in(first));
  f.point(f.args.v, f.args.v_stride, site.in(first + 1));
  site.point_kv(f, f.args.kv, state, attention);
  return f;
}

HeadNormArgs norm_args(const Site& site, const ir::NormSpec& norm, std::int32_t head_dim) {
  return {.gain = site.weights.gain(norm.gain, head_dim), .eps = norm.eps, .unused = 0};
}

}  // namespace

std::int64_t scratch_bytes(const ir::PagedAttention& op, const ScratchSite& site) {
  return plan_of(op, site.graph, site.node, site.limits, site.arch).partials_bytes;
}

void prepare(const ir::PagedAttention& op, const Site& site) {
  const PagedAttentionPlan plan = plan_of(op, site.graph, site.node, site.step.limits, site.arch);
  const Operand q = site.in(0), y = site.out();
  check(!site.step_rows.is_head() && q.rows_per_step == 1 && y.rows_per_step == 1,
        "[gpu] paged_attention: rows are not the step's");
  if (op.rope) {
    const Operand angles = site.in(4);
    check(angles.space == ir::Space::kStep && angles.offset == site.step.rope_rows &&
              angles.stride == site.step.limits.rope_dims,
          "[gpu] paged_attention: the rope rows are not the step's");
  }
  if (plan.kv_write) {
    auto write = fill_kv_write(site, 1, 3, op.attention);
    if (op.rope) write.args.rope = rope_args(*op.rope);
    if (op.norms) write.args.norm = norm_args(site, op.norms->k, op.attention.head_dim);
    site.add(*plan.kv_write, write);
  }
  Filling<PagedAttentionArgs> f;
  f.args.step = site.step_args();
  f.point(f.args.q, f.args.q_stride, q);
  f.point(f.args.k, f.args.k_stride, site.in(1));
  f.point(f.args.v, f.args.v_stride, site.in(2));
  site.point_kv(f, f.args.kv, 3, op.attention);
  f.point(f.args.y, y);
  f.point(f.args.partials, ir::Space::kArena, site.scratch);
  f.args.tickets = site.tickets.take(plan.n_tickets);
  if (op.rope) f.args.rope = rope_args(*op.rope);
  if (op.norms) {
    f.args.q_norm = norm_args(site, op.norms->q, op.attention.head_dim);
    f.args.k_norm = norm_args(site, op.norms->k, op.attention.head_dim);
  }
  f.args.n_heads = op.attention.n_heads;
  f.args.scale = op.attention.scale;
  f.args.write_kv = plan.kv_write ? 0 : 1;
  site.add(plan.attention, f);
  if (plan.many) site.add(*plan.many, f);
}

void prepare(const ir::KvWrite& op, const Site& site) {
  const Operand k = site.in(0);
  site.add(plan_kv_write({site.rows(k), k.cols}, site.kv_dtype(2), site.arch),
           fill_kv_write(site, 0, 2, op.attention));
}

void prepare(const ir::AttentionScores& op, const Site& site) {
  const Operand y = site.out();
  Filling<AttentionScoresArgs> f;
  f.args.step = site.step_args();
  f.point(f.args.q, f.args.q_stride, site.in(0));
  const DType kv = site.point_kv(f, f.args.kv, 1, op.attention);
  f.point(f.args.y, y);
  f.args.n_heads = op.attention.n_heads;
  f.args.columns = static_cast<i32>(y.cols);
  site.add(plan_attention_scores(site.n_rows(), op.attention.n_heads, kv, site.arch), f);
}

void prepare(const ir::AttentionValues& op, const Site& site) {
  const Operand w = site.in(0);
  Filling<AttentionValuesArgs> f;
  f.args.step = site.step_args();
  f.point(f.args.w, f.args.w_stride, w);
  const DType kv = site.point_kv(f, f.args.kv, 1, op.attention);
  f.point(f.args.y, site.out());
  f.args.n_heads = op.attention.n_heads;
  f.args.columns = static_cast<i32>(w.cols);
  site.add(plan_attention_values(site.n_rows(), op.attention.n_heads, kv, site.arch), f);
}

}  // namespace rocmforge::gpu
