#include "backend/gpu/ops/matmul_plan.h"

#include <algorithm>
#include <array>

#include "backend/gpu/ops/common_args.h"
#include "backend/gpu/ops/row_plans.h"
#include "backend/gpu/ops/weight_layout.h"
#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

constexpr std::int64_t kThreads = 256;    // device/matmul.h: kMatMulThreads
constexpr std::int64_t kMostRows = 8;     // of x, in one kernel
constexpr std::int64_t kStaticLds = 256;  // of the "lds" kernels, at most
// Workgroups a unit. Those that prepare x themselves are persistent, so that what each repeats
// stays small beside its weight rows.
constexpr std::int64_t kLdsGroupsPerUnit = 2;
constexpr std::int64_t kMemGroupsPerUnit = 8;
constexpr std::int64_t kGemmTile = 64;  // device/matmul_gemm.h: Gemm::kTile

struct Kinds {
  std::string name;
  bool plain = false, quantized = false;
};

Kinds kinds_of(const MatMulDesc& desc) {
  check(!desc.segments.empty(), "[gpu] matmul: a weight without segments");
  if (desc.segments.size() > kMaxSegments) {
    throw Error(ErrorCode::kUnsupported, "[gpu] matmul: a weight of " +
                                             std::to_string(desc.segments.size()) +
                                             " segments, over " + std::to_string(kMaxSegments));
  }
  Kinds kinds;
  bool alike = true;
  for (const DType type : desc.segments) {
    (info(type).is_quantized() ? kinds.quantized : kinds.plain) = true;
    kinds.name = kernel_type(type);
    alike = alike && type == desc.segments.front();
    check(desc.cols % info(type).block_elems == 0, "[gpu] matmul: columns are no whole blocks");
  }
  if (!alike) kinds.name = !kinds.plain ? "quant" : !kinds.quantized ? "plain" : "mixed";
  return kinds;
}

// As device/matmul.h lays out matmul_lds.
std::int64_t lds_bytes(const Kinds& kinds, std::int64_t cols, std::int64_t rows) {
  std::int64_t bytes = 0;
  if (kinds.plain) bytes += rows * ((cols + 3) / 4 * 16);
  if (kinds.quantized) bytes += rows * (cols + cols / 32 * 4 + cols / 16 * 2);
  return bytes;
}

MatMulScratch scratch_of(const MatMulDesc& desc, const Kinds& kinds) {
  MatMulScratch s;
  const auto take = [&s](std::int64_t bytes) {
    const std::int64_t at = s.bytes;
    s.bytes += (bytes + 255) / 256 * 256;
    return at;
  };
  s.f32 = kinds.plain && (desc.norm || desc.overwrites_x);
  s.int8 = kinds.quantized;
  if (s.f32) s.f32_at = take(desc.n * desc.cols * 4);
  if (s.int8) {
    s.values_at = take(desc.n * desc.cols);
    s.scales_at = take(desc.n * (desc.cols / 32) * 4);
    s.sums_at = take(desc.n * (desc.cols / 16) * 2);
  }
  return s;
}

}  // namespace

MatMulPlan plan_matmul(const MatMulDesc& desc, const ArchInfo& arch) {
  check(desc.rows > 0 && desc.cols > 0 && desc.n > 0, "[gpu] matmul: an empty shape");
  const Kinds kinds = kinds_of(desc);
  const std::int64_t outputs = desc.epilogue == ir::Epilogue::kSwiGlu ? desc.rows / 2 : desc.rows;
  const std::int64_t waves = kThreads / arch.wave;
  const std::int64_t across = (outputs + waves - 1) / waves;

  MatMulPlan plan;
  plan.matmul.threads = kThreads;
  if (desc.n > kMostRows && !kinds.plain) {
    plan.quantize = plan_quantize({desc.n, desc.cols}, arch);
    plan.scratch = scratch_of(desc, kinds);
    plan.tile_rows = static_cast<std::int32_t>(kGemmTile);
    plan.matmul.kernel = "matmul_" + kinds.name + "_gemm";
    plan.matmul.grid_x = static_cast<std::int32_t>((outputs + kGemmTile - 1) / kGemmTile);
    plan.matmul.grid_y = static_cast<std::int32_t>((desc.n + kGemmTile - 1) / kGemmTile);
    plan.matmul.rows = {.items = 1, .per_group = plan.tile_rows, .along_y = true};
    return plan;
  }
  std::int64_t tile = 1;
  while (tile < std::min(desc.n, kMostRows)) tile *= 2;
  const bool prepares = kinds.quantized || desc.norm || desc.overwrites_x;
  const std::int64_t lds = lds_bytes(kinds, desc.cols, tile);
  const bool in_lds =
      prepares && !desc.overwrites_x && desc.n <= kMostRows && lds <= arch.lds_bytes - kStaticLds;
  if (!in_lds && tile > 1) tile = kMostRows;

  plan.tile_rows = static_cast<std::int32_t>(tile);
  plan.matmul.kernel =
      "matmul_" + kinds.name + "_" + std::to_string(tile) + (in_lds ? "_lds" : "_mem");
  const std::int64_t per_unit = in_lds ? kLdsGroupsPerUnit : kMemGroupsPerUnit;
  plan.matmul.grid_x = static_cast<std::int32_t>(
      std::clamp<std::int64_t>(across, 1, std::max<std::int64_t>(1, per_unit * arch.n_units)));
  plan.matmul.grid_y = static_cast<std::int32_t>((desc.n + tile - 1) / tile);
  plan.matmul.rows = {.items = 1, .per_group = plan.tile_rows, .along_y = true};
  if (in_lds) {
    plan.matmul.lds_bytes = static_cast<std::int32_t>(lds);
  } else if (prepares) {
    plan.scratch = scratch_of(desc, kinds);
    plan.quantize = plan_quantize({desc.n, desc.cols}, arch);
  }
  return plan;
}

std::string to_string(const MatMulPlan& plan) {
  std::string text;
  if (plan.quantize) {
    text = to_string(*plan.quantize) + (plan.scratch.f32 ? " f32" : "") +
           (plan.scratch.int8 ? " int8" : "") + "; ";
  }
  return text + to_string(plan.matmul);
}

}  // namespace rocmforge::gpu
