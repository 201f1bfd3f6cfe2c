#include "backend/gpu/ops/row_plans.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace rocmforge::gpu {
namespace {

constexpr std::int64_t kThreads = 256;  // device/rows.h: kRowThreads
// Runs up to this long are normalised by one wave: it reads 32 columns a lane at most.
constexpr std::int64_t kWaveRun = 1024;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

std::int32_t most(const ArchInfo& arch, std::int64_t n) {
  const std::int64_t limit = std::int64_t{arch.n_units} * kRowGroupsPerUnit;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(n, 1, std::max<std::int64_t>(1, limit)));
}

// Columns across x, rows down y.
Launch elementwise(std::string kernel, const RowsShape& shape, const ArchInfo& arch) {
  check(shape.rows > 0 && shape.cols > 0, "[gpu] a plan of an empty shape");
  Launch launch{.kernel = std::move(kernel), .threads = kThreads};
  launch.grid_x = most(arch, ceil_div(shape.cols, kThreads));
  const std::int64_t down = most(arch, shape.rows * launch.grid_x) / launch.grid_x;
  launch.grid_y = static_cast<std::int32_t>(std::clamp<std::int64_t>(down, 1, 65535));
  launch.rows = {.items = 1, .along_y = true};
  return launch;
}

// A workgroup for `per_group` of the items that each row has.
Launch grouped(std::string kernel, std::int64_t rows, const ArchInfo& arch, std::int64_t items = 1,
               std::int64_t per_group = 1) {
  check(rows > 0 && items > 0, "[gpu] a plan of an empty shape");
  Launch launch{.kernel = std::move(kernel), .threads = kThreads};
  launch.grid_x = most(arch, ceil_div(rows * items, per_group));
  launch.rows = {.items = static_cast<std::int32_t>(items),
                 .per_group = static_cast<std::int32_t>(per_group)};
  return launch;
}

std::string with_kv(std::string kernel, DType kv) {
  check(kv == DType::kF16 || kv == DType::kF32, "[gpu] the KV memory is neither F16 nor F32");
  return kernel + (kv == DType::kF16 ? "_f16" : "_f32");
}

}  // namespace

Launch plan_embed(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("embed_rows", y, arch);
}
Launch plan_add(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("add_rows", y, arch);
}
Launch plan_scale(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("scale_rows", y, arch);
}
Launch plan_swiglu(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("swiglu_rows", y, arch);
}
Launch plan_mask(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("mask_rows", y, arch);
}
Launch plan_copy(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("copy_rows", y, arch);
}
Launch plan_rows(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("rows_gather", y, arch);
}
Launch plan_rope(const RowsShape& y, const ArchInfo& arch) {
  return elementwise("rope_rows", y, arch);
}
Launch plan_softmax(const RowsShape& y, const ArchInfo& arch) {
  return grouped("softmax_rows", y.rows, arch);
}

Launch plan_rms_norm(const RowsShape& y, std::int64_t length, const ArchInfo& arch) {
  check(length > 0 && y.cols % length == 0,
        "[gpu] rms_norm: columns are no multiple of the gain's");
  const std::int64_t runs = y.cols / length;  // of a row
  if (length > kWaveRun) return grouped("rms_norm_group", y.rows, arch, runs);
  return grouped("rms_norm_wave", y.rows, arch, runs, kThreads / arch.wave);
}

Launch plan_prepare(const RowsShape& x, const ArchInfo& arch) {
  return grouped("prepare_rows", x.rows, arch);
}

Launch plan_kv_write(const RowsShape& k, DType kv, const ArchInfo& arch) {
  return elementwise(with_kv("kv_write", kv), k, arch);
}
Launch plan_attention_scores(std::int64_t rows, std::int64_t n_heads, DType kv,
                             const ArchInfo& arch) {
  return grouped(with_kv("attention_scores", kv), rows, arch, n_heads);
}
Launch plan_attention_values(std::int64_t rows, std::int64_t n_heads, DType kv,
                             const ArchInfo& arch) {
  return grouped(with_kv("attention_values", kv), rows, arch, n_heads);
}

}  // namespace rocmforge::gpu
