// sample: a token a row, as the step's SampleParams say. Plain, of edited logits, their candidates
// and log-sum-exp; fused, of the head's logits at once: each slice of a row is edited in a worker's
// own memory and leaves its pick, or its candidates and its sum, which the row then joins.
// [n, vocab] -> [n, 1]. Bound by memory.
#include "backend/cpu/ops/ops.h"
#include "backend/cpu/ops/sampling.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class SampleCall final : public Call {
 public:
  explicit SampleCall(const Site& site)
      : logits_(site.in(0)),
        values_(site.in(1)),
        ids_(site.in(2)),
        log_sums_(site.in(3)),
        y_(site.out()) {
    check(site.rows.is_head(), "[cpu] sample: rows are not the head's");
  }

  void run(const Run& run) const override {
    const SampleStep step(run);
    std::int32_t* y = run.out<std::int32_t>(y_);
    run.pool->run(y_.rows(run.n), [&](std::int64_t row, int) {
      const ir::SampleParams& params = step.params[row];
      y[row] = ir::kNoSample;
      if (params.mode == ir::SampleMode::kAll) y[row] = pick(run, params, row);
      if (params.mode == ir::SampleMode::kCandidates) y[row] = of_candidates(run, params, row);
    });
  }

 private:
  std::int32_t pick(const Run& run, const ir::SampleParams& params, std::int64_t row) const {
    const float* x = run.in<float>(logits_) + row * logits_.stride;
    Pick best{.logit = kMinusInfinity, .draw = 0, .id = -1};
    for (std::int64_t begin = 0; begin < logits_.cols; begin += kSampleSlice) {
      const std::int64_t n = std::min(kSampleSlice, logits_.cols - begin);
      const Pick other = pick_slice(*run.elementwise, params, x + begin, begin, n);
      if (beats(other, best, params.temperature)) best = other;
    }
    return best.id;
  }

  std::int32_t of_candidates(const Run& run, const ir::SampleParams& params,
                             std::int64_t row) const {
    const float* values = run.in<float>(values_) + row * values_.stride;
    const std::int32_t* ids = run.in<std::int32_t>(ids_) + row * ids_.stride;
    const auto n = static_cast<std::int32_t>(std::find(ids, ids + ids_.cols, -1) - ids);
    const float log_sum = run.in<float>(log_sums_)[row * log_sums_.stride];
    return choose(params, {.values = values,
                           .tokens = ids,
                           .n = n,
                           .complete = n < ids_.cols || logits_.cols <= ids_.cols,
                           .exp_total = std::exp(static_cast<double>(log_sum - values[0]))});
  }

  Operand logits_, values_, ids_, log_sums_, y_;
};

// What a slice leaves.
struct SlicePart {
  Pick pick;
  float largest;
  double exp_sum;  // of exp(logit - largest)
  std::int64_t n;  // of keys
  std::uint64_t keys[ir::kMaxCandidates];
};

// A worker's own memory.
struct WorkerPart {
  float logits[kSampleSlice];
  std::uint64_t keys[Best::kRoom];
  float values[ir::kMaxCandidates];
  std::int32_t tokens[ir::kMaxCandidates];
};

class FusedSampleCall final : public Call {
 public:
  explicit FusedSampleCall(const Site& site)
      : x_(site.in(0)),
        y_(site.out()),
        workers_(site.scratch),
        parts_(site.scratch + site.n_workers * static_cast<std::int64_t>(sizeof(WorkerPart))) {
    check(site.rows.is_head(), "[cpu] sample: rows are not the head's");
  }

  void run(const Run& run) const override {
    const SampleStep step(run);
    const std::int64_t rows = y_.rows(run.n), slices = n_slices(x_.cols);
    run.pool->run(rows * slices, [&](std::int64_t task, int worker) {
      const ir::SampleParams& params = step.params[task / slices];
      if (params.mode == ir::SampleMode::kNone) return;
      do_slice(run, step, params, task, worker_part(run, worker));
    });
    std::int32_t* y = run.out<std::int32_t>(y_);
    run.pool->run(rows, [&](std::int64_t row, int worker) {
      const ir::SampleParams& params = step.params[row];
      y[row] = ir::kNoSample;
      if (params.mode == ir::SampleMode::kAll) y[row] = join_picks(run, params, row);
      if (params.mode == ir::SampleMode::kCandidates) {
        y[row] = join_candidates(run, params, row, worker_part(run, worker));
      }
    });
  }

 private:
  static std::int64_t kept(const ir::SampleParams& p) {
    return p.top_k > 0 ? std::min(p.top_k, ir::kMaxCandidates) : ir::kMaxCandidates;
  }
  WorkerPart& worker_part(const Run& run, int worker) const {
    return run.scratch<WorkerPart>(workers_)[worker];
  }
  SlicePart* parts(const Run& run, std::int64_t row) const {
    return run.scratch<SlicePart>(parts_) + row * n_slices(x_.cols);
  }

  void do_slice(const Run& run, const SampleStep& step, const ir::SampleParams& params,
                std::int64_t task, WorkerPart& own) const {
    const std::int64_t slices = n_slices(x_.cols), row = task / slices;
    const std::int64_t begin = task % slices * kSampleSlice;
    const std::int64_t n = std::min(kSampleSlice, x_.cols - begin);
    const Elementwise& e = *run.elementwise;
    SlicePart& part = run.scratch<SlicePart>(parts_)[task];
    edit_slice(step, params, run.in<float>(x_) + row * x_.stride, begin, n, own.logits);
    if (params.mode == ir::SampleMode::kAll) {
      part.pick = pick_slice(e, params, own.logits, begin, n);
      return;
    }
    Best best(own.keys, kept(params));
    for (std::int64_t i = 0; i < n; ++i) best.offer(own.logits[i], begin + i);
    part.n = best.finish();
    std::copy_n(own.keys, part.n, part.keys);
    part.largest = part.n > 0 ? logit_of(part.keys[0]) : kMinusInfinity;
    part.exp_sum = 0;
    if (params.top_k == 0 && std::isfinite(part.largest)) {
      part.exp_sum = static_cast<double>(e.exp_sum(own.logits, n, part.largest, own.logits));
    }
  }

  std::int32_t join_picks(const Run& run, const ir::SampleParams& params, std::int64_t row) const {
    Pick best{.logit = kMinusInfinity, .draw = 0, .id = -1};
    const SlicePart* part = parts(run, row);
    for (std::int64_t s = 0; s < n_slices(x_.cols); ++s) {
      if (beats(part[s].pick, best, params.temperature)) best = part[s].pick;
    }
    return best.id;
  }

  std::int32_t join_candidates(const Run& run, const ir::SampleParams& params, std::int64_t row,
                               WorkerPart& own) const {
    const SlicePart* part = parts(run, row);
    Best best(own.keys, kept(params));
    std::int64_t found = 0;
    for (std::int64_t s = 0; s < n_slices(x_.cols); ++s) {
      for (std::int64_t i = 0; i < part[s].n; ++i) best.add(part[s].keys[i]);
      found += part[s].n;
    }
    const std::int64_t n = best.finish();
    for (std::int64_t i = 0; i < n; ++i) {
      own.values[i] = logit_of(own.keys[i]);
      own.tokens[i] = token_of(own.keys[i]);
    }
    double total = 0;
    for (std::int64_t s = 0; n > 0 && s < n_slices(x_.cols); ++s) {
      if (part[s].exp_sum == 0) continue;
      total += part[s].exp_sum * std::exp(static_cast<double>(part[s].largest - own.values[0]));
    }
    return choose(params, {.values = own.values,
                           .tokens = own.tokens,
                           .n = static_cast<std::int32_t>(n),
                           .complete = found < ir::kMaxCandidates || x_.cols <= ir::kMaxCandidates,
                           .exp_total = total});
  }

  Operand x_, y_;
  std::int64_t workers_, parts_;  // arena offsets
};

}  // namespace

std::int64_t scratch_bytes(const ir::Sample& op, const ScratchSite& site) {
  if (!op.fused) return 0;
  const TensorDesc& logits = site.graph.desc(site.node.inputs.at(0));
  return site.n_workers * static_cast<std::int64_t>(sizeof(WorkerPart)) +
         logits.shape[0] * n_slices(logits.shape[1]) * static_cast<std::int64_t>(sizeof(SlicePart));
}

CallPtr prepare(const ir::Sample& op, const Site& site) {
  if (op.fused) return std::make_unique<FusedSampleCall>(site);
  return std::make_unique<SampleCall>(site);
}

}  // namespace rocmforge::cpu
