#include "backend/gpu/ops/sampling_plan.h"

#include <algorithm>

#include "backend/gpu/ops/sampling_args.h"
#include "base/check.h"

namespace rocmforge::gpu {
namespace {

constexpr std::int32_t kThreads = 256;  // device/sampling.h: kSampleThreads
// What fits a workgroup's list at once (device/sampling.h: kKeys): a slice of one pass.
constexpr std::int64_t kLeastSlice = 2048;
// Each holds some 20 KiB of LDS.
constexpr std::int64_t kGroupsPerUnit = 2;

Launch by_row(std::string kernel, std::int64_t rows) {
  check(rows > 0, "[gpu] a plan of an empty shape");
  return {.kernel = std::move(kernel),
          .grid_x = static_cast<std::int32_t>(std::min<std::int64_t>(rows, 65535)),
          .threads = kThreads};
}

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

Launch plan_edit_logits(std::int64_t rows, std::int64_t vocab, const ArchInfo& arch) {
  Launch launch = plan_sample_fused(rows, vocab, arch).launch;
  launch.kernel = "edit_logits_rows";
  return launch;
}
Launch plan_top_k(std::int64_t rows, const ArchInfo&) {
  return by_row("top_k_rows", rows);
}
Launch plan_log_sum_exp(std::int64_t rows, const ArchInfo&) {
  return by_row("log_sum_exp_rows", rows);
}
Launch plan_sample(std::int64_t rows, const ArchInfo&) {
  return by_row("sample_rows", rows);
}

SampleFusedPlan plan_sample_fused(std::int64_t rows, std::int64_t vocab, const ArchInfo& arch) {
  check(rows > 0 && vocab > 0 && vocab <= (1 << 30), "[gpu] sample: a shape that cannot be");
  // Enough slices that the card is full, each no shorter than one pass.
  const std::int64_t groups = std::max<std::int64_t>(1, kGroupsPerUnit * arch.n_units);
  const std::int64_t wanted = std::max<std::int64_t>(1, groups / rows);
  const std::int64_t slices = std::clamp<std::int64_t>(wanted, 1, divide_up(vocab, kLeastSlice));
  SampleFusedPlan plan;
  plan.slice = static_cast<std::int32_t>(divide_up(divide_up(vocab, slices), 4) * 4);
  plan.launch = {.kernel = "sample_fused_rows",
                 .grid_x = static_cast<std::int32_t>(divide_up(vocab, plan.slice)),
                 .grid_y = static_cast<std::int32_t>(std::min<std::int64_t>(rows, 65535)),
                 .threads = kThreads};
  plan.parts_bytes = rows * plan.launch.grid_x * static_cast<std::int64_t>(sizeof(SampleSliceArgs));
  plan.n_tickets = rows;
  return plan;
}

std::string to_string(const SampleFusedPlan& plan) {
  return to_string(plan.launch) + " slices of " + std::to_string(plan.slice) + " parts " +
         std::to_string(plan.parts_bytes) + " tickets " + std::to_string(plan.n_tickets);
}

}  // namespace rocmforge::gpu
