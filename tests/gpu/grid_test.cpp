// Grids of steps that have fewer rows than their bucket.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "backend/gpu/ops/call.h"
#include "backend/gpu/ops/matmul_plan.h"
#include "backend/gpu/ops/row_plans.h"
#include "gpu/fake_gpu.h"

namespace rocmforge::test {
namespace {

gpu::Call call_of(const gpu::Launch& launch, const gpu::RowCount& rows) {
  gpu::Call call;
  call.shape.grid[0] = static_cast<std::uint32_t>(launch.grid_x);
  call.shape.grid[1] = static_cast<std::uint32_t>(launch.grid_y);
  call.groups = launch.rows;
  call.rows = rows;
  return call;
}

// As kernels do: each workgroup takes every grid-th share of the items, by the plan's grid.
void expect_covered(const gpu::Launch& launch, const gpu::RowCount& rows, std::int64_t n) {
  const gpu::LaunchShape shape = call_of(launch, rows).shape_for(n);
  const int side = launch.rows.along_y ? 1 : 0;
  const std::int64_t planned = side == 1 ? launch.grid_y : launch.grid_x;
  EXPECT_EQ(shape.grid[1 - side], static_cast<unsigned>(side == 1 ? launch.grid_x : launch.grid_y));
  const std::int64_t items = (rows.fixed + rows.per_step * n) * launch.rows.items;
  std::vector<int> taken(static_cast<std::size_t>(items));
  for (std::int64_t group = 0; group < shape.grid[side]; ++group) {
    const std::int64_t share = launch.rows.per_group;
    for (std::int64_t i = group * share; i < items; i += planned * share) {
      for (std::int64_t j = i; j < std::min(items, i + share); ++j) {
        ++taken[static_cast<std::size_t>(j)];
      }
    }
  }
  EXPECT_EQ(taken, std::vector<int>(taken.size(), 1)) << launch.kernel << ", " << n << " rows";
}

TEST(Grids, CoverTheRowsOfEveryStep) {
  for (const int units : {1, 84}) {
    const gpu::ArchInfo arch = gpu::arch_info("gfx1100", units);
    for (const std::int64_t bucket : {1, 128, 512}) {
      for (const gpu::RowCount& rows : {gpu::RowCount{0, 1}, {0, 6}, {3, 0}, {3, 2}}) {
        const std::int64_t most = rows.fixed + rows.per_step * bucket;
        const gpu::Launch launches[] = {
            gpu::plan_add({most, 300}, arch),
            gpu::plan_softmax({most, 40}, arch),
            gpu::plan_rms_norm({most, 4096}, 128, arch),
            gpu::plan_rms_norm({most, 8192}, 4096, arch),
            gpu::plan_prepare({most, 4096}, arch),
            gpu::plan_matmul({.segments = {{DType::kQ4_0, 70}}, .cols = 64, .n = most}, arch)
                .products.at(0)
                .launch};
        for (const gpu::Launch& launch : launches) {
          for (const std::int64_t n : {std::int64_t{1}, bucket / 2 + 1, bucket}) {
            expect_covered(launch, rows, n);
          }
          EXPECT_EQ(call_of(launch, rows).shape_for(bucket).grid[0],
                    static_cast<unsigned>(launch.grid_x));
          EXPECT_EQ(call_of(launch, rows).shape_for(bucket).grid[1],
                    static_cast<unsigned>(launch.grid_y));
        }
      }
    }
  }
}

TEST(Grids, AreNeverEmptyAndNeverMoreThanPlanned) {
  const gpu::ArchInfo arch = gpu::arch_info("gfx1100", 84);
  const gpu::Launch launch = gpu::plan_add({128, 256}, arch);
  EXPECT_EQ(call_of(launch, {0, 1}).shape_for(0).grid[1], 1U);
  EXPECT_EQ(call_of(launch, {0, 1}).shape_for(70).grid[1], 70U);
  EXPECT_EQ(call_of(launch, {0, 1}).shape_for(1000).grid[1], 128U);
}

class PrefillGrids : public FakeGpu {};

TEST_P(PrefillGrids, FollowTheStepsRows) {
  constexpr std::int32_t kBucket = 256;
  const gpu::Found found = find();
  Counters counters;
  const auto device = gpu::make_device(found.devices.at(0), counters);
  engine::Engine engine({.path = path_, .n_ctx = 512, .max_rows = kBucket}, *device, counters);
  std::map<unsigned, std::vector<FakeControl::Launched>> by_rows;
  for (const unsigned n : {130U, 256U}) {
    control_.n_launches = 0;
    const CounterValues before = counters.read();
    const engine::Request request{.prompt = std::vector<text::TokenId>(n, 1),
                                  .max_tokens = 1,
                                  .sampling = {.temperature = 0},
                                  .ignore_eos = true};
    const auto result = std::get<engine::Completion>(engine.generate(request, {}));
    ASSERT_EQ(result.tokens.size(), 1U) << result.error;
    EXPECT_EQ((counters.read() - before).device_allocations, 0U);
    EXPECT_EQ((counters.read() - before).steps, 1U);
    by_rows[n].assign(control_.launches, control_.launches + control_.n_launches);
  }
  const auto &few = by_rows[130], &all = by_rows[256];
  ASSERT_EQ(few.size(), all.size());
  bool embedded = false, multiplied = false;
  for (std::size_t i = 0; i < few.size(); ++i) {
    const std::string kernel = few[i].kernel;
    EXPECT_EQ(kernel, all[i].kernel);
    EXPECT_LE(few[i].grid_x, all[i].grid_x) << kernel;
    EXPECT_LE(few[i].grid_y, all[i].grid_y) << kernel;
    if (kernel == "embed_rows") {
      EXPECT_EQ(few[i].grid_y, 130U);
      EXPECT_EQ(all[i].grid_y, 256U);
      embedded = true;
    }
    if (kernel.starts_with("matmul_") && all[i].grid_y > 1) {
      EXPECT_LT(few[i].grid_y, all[i].grid_y) << kernel;
      multiplied = true;
    }
  }
  EXPECT_TRUE(embedded && multiplied);
}

INSTANTIATE_TEST_SUITE_P(Fake, PrefillGrids,
                         testing::Values(gpu::Vendor::kAmd, gpu::Vendor::kNvidia), name_of);

}  // namespace
}  // namespace rocmforge::test
