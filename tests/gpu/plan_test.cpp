// Plans are pure: what they choose for odd shapes, and that their grids cover the work.
#include <gtest/gtest.h>

#include <string>

#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/matmul_plan.h"
#include "backend/gpu/ops/paged_attention_plan.h"
#include "backend/gpu/ops/row_plans.h"
#include "backend/gpu/ops/sampling_plan.h"
#include "backend/gpu/ops/step_args.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

const ArchInfo kXt = arch_info("gfx1100", 84);

TEST(ArchInfo, KnowsItsFamilies) {
  EXPECT_EQ(kXt.wave, 32);
  EXPECT_EQ(kXt.lds_bytes, 65536);
  EXPECT_EQ(arch_info("gfx90a", 104).wave, 64);
  EXPECT_EQ(arch_info("sm_90", 132).lds_bytes, 49152);
  EXPECT_THROW(arch_info("gfx906", 60), Error);
  EXPECT_THROW(arch_info("", 1), Error);
}

TEST(RowPlans, CoverWhatFitsAndNoMore) {
  EXPECT_EQ(to_string(plan_add({1, 1}, kXt)), "add_rows 1x1 of 256");
  EXPECT_EQ(to_string(plan_add({3, 257}, kXt)), "add_rows 2x3 of 256");
  EXPECT_EQ(to_string(plan_softmax({12, 77}, kXt)), "softmax_rows 12x1 of 256");
  for (const std::int64_t rows : {1, 7, 512, 1 << 20}) {
    for (const std::int64_t cols : {1, 255, 4096, 1 << 20}) {
      const Launch launch = plan_scale({rows, cols}, kXt);
      EXPECT_GE(launch.grid_x, 1);
      EXPECT_GE(launch.grid_y, 1);
      EXPECT_LE(std::int64_t{launch.grid_x} * launch.grid_y, 84 * kRowGroupsPerUnit);
      EXPECT_LE((launch.grid_x - 1) * std::int64_t{256}, cols - 1);
      EXPECT_LE(launch.grid_y, rows);
    }
  }
}

TEST(RowPlans, ShortNormsTakeAWave) {
  EXPECT_EQ(to_string(plan_rms_norm({2, 1024}, 128, kXt)), "rms_norm_wave 2x1 of 256");
  EXPECT_EQ(to_string(plan_rms_norm({2, 4096}, 4096, kXt)), "rms_norm_group 2x1 of 256");
  EXPECT_EQ(plan_rms_norm({2, 1024}, 128, arch_info("gfx942", 304)).grid_x, 4);
  EXPECT_THROW(plan_rms_norm({2, 100}, 30, kXt), Error);
}

MatMulDesc desc(std::vector<DType> segments, std::int64_t rows, std::int64_t cols, std::int64_t n) {
  return {.segments = std::move(segments), .rows = rows, .cols = cols, .n = n};
}

TEST(MatMulPlan, FewRowsPrepareThemselves) {
  using enum DType;
  EXPECT_EQ(to_string(plan_matmul(desc({kQ4_0}, 4096, 4096, 1), kXt)),
            "matmul_q4_0_1_lds 168x1 of 256 lds 5120");
  EXPECT_EQ(plan_matmul(desc({kQ4_0}, 4096, 4096, 3), kXt).matmul.kernel, "matmul_q4_0_4_lds");
  EXPECT_EQ(plan_matmul(desc({kQ4_0, kQ6_K}, 37, 4096, 8), kXt).matmul.kernel,
            "matmul_quant_8_lds");
  EXPECT_EQ(plan_matmul(desc({kQ4_0, kF16}, 37, 256, 2), kXt).matmul.kernel, "matmul_mixed_2_lds");
  // Fewer rows than a workgroup has waves.
  EXPECT_EQ(plan_matmul(desc({kQ8_0}, 1, 32, 1), kXt).matmul.grid_x, 1);
}

TEST(MatMulPlan, WhatDoesNotFitTheLdsIsPreparedBefore) {
  using enum DType;
  const MatMulPlan down = plan_matmul(desc({kQ4_0}, 4096, 14336, 8), kXt);
  EXPECT_EQ(to_string(down), "quantize_rows 8x1 of 256 int8; matmul_q4_0_8_mem 512x1 of 256");
  EXPECT_GE(down.scratch.bytes, 8 * (14336 + 14336 / 8 + 14336 / 8));
  EXPECT_EQ(down.matmul.lds_bytes, 0);
  // Where there is less LDS, sooner.
  EXPECT_EQ(plan_matmul(desc({kQ4_0}, 64, 12288, 4), kXt).matmul.kernel, "matmul_q4_0_4_lds");
  EXPECT_EQ(plan_matmul(desc({kQ4_0}, 64, 12288, 4), arch_info("sm_80", 108)).matmul.kernel,
            "matmul_q4_0_8_mem");
}

TEST(MatMulPlan, ManyRowsTakeTheMatrixUnits) {
  using enum DType;
  const MatMulPlan plan = plan_matmul(desc({kQ6_K}, 70, 256, 67), kXt);
  EXPECT_EQ(to_string(plan), "quantize_rows 67x1 of 256 int8; matmul_q6_k_gemm 2x2 of 256");
  EXPECT_TRUE(plan.scratch.int8);
  EXPECT_FALSE(plan.scratch.f32);
  EXPECT_EQ(plan_matmul(desc({kQ6_K, kQ4_0}, 70, 256, 9), kXt).matmul.kernel, "matmul_quant_gemm");
}

TEST(MatMulPlan, ManyRowsOfPlainWeightsGoEightAtATime) {
  using enum DType;
  const MatMulPlan plan = plan_matmul(desc({kQ6_K, kF16}, 70, 256, 67), kXt);
  EXPECT_EQ(plan.matmul.kernel, "matmul_mixed_8_mem");
  EXPECT_EQ(plan.tile_rows, 8);
  EXPECT_EQ(plan.matmul.grid_y, 9);
  ASSERT_TRUE(plan.quantize);
  EXPECT_TRUE(plan.scratch.int8);
}

TEST(MatMulPlan, PlainWeightsReadXWhereItLies) {
  using enum DType;
  const MatMulPlan plan = plan_matmul(desc({kF16}, 37, 269, 1), kXt);
  EXPECT_EQ(to_string(plan), "matmul_f16_1_mem 5x1 of 256");
  EXPECT_EQ(plan.scratch.bytes, 0);
  MatMulDesc norm = desc({kF32, kBF16}, 37, 269, 2);
  norm.norm = true;
  EXPECT_EQ(plan_matmul(norm, kXt).matmul.kernel, "matmul_plain_2_lds");
}

TEST(MatMulPlan, AResultOverItsOperandIsCopiedFirst) {
  MatMulDesc over = desc({DType::kF32}, 64, 64, 2);
  over.overwrites_x = true;
  const MatMulPlan plan = plan_matmul(over, kXt);
  ASSERT_TRUE(plan.quantize);
  EXPECT_TRUE(plan.scratch.f32);
}

TEST(MatMulPlan, LdsAlwaysFits) {
  for (const std::string target : {"gfx1100", "gfx90a", "sm_80"}) {
    const ArchInfo arch = arch_info(target, 60);
    for (std::int64_t cols = 256; cols < 70000; cols += 256 * 7) {
      for (std::int64_t n = 1; n < 12; ++n) {
        for (const auto& types : {std::vector{DType::kQ6_K}, {DType::kQ6_K, DType::kF32}}) {
          const MatMulPlan plan = plan_matmul(desc(types, 100, cols, n), arch);
          EXPECT_LE(plan.matmul.lds_bytes, arch.lds_bytes - 256);
          EXPECT_GE(plan.tile_rows * plan.matmul.grid_y, n);
        }
      }
    }
  }
}

TEST(MatMulPlan, Refuses) {
  EXPECT_THROW(plan_matmul(desc({DType::kI32}, 1, 32, 1), kXt), Error);
  EXPECT_THROW(plan_matmul(desc({DType::kQ4_0}, 1, 33, 1), kXt), Error);
  EXPECT_THROW(plan_matmul(desc(std::vector(9, DType::kF32), 9, 32, 1), kXt), Error);
}

TEST(PagedAttentionPlan, GridIsTheCards) {
  PagedAttentionDesc d{.attention = {32, 8, 128, 1}, .kv = DType::kF16, .n = 1, .max_partials = 64};
  EXPECT_EQ(to_string(plan_paged_attention(d, kXt)),
            "paged_attention_few_f16_128 336x1 of 128 partials 1081344 tickets 512");
  EXPECT_EQ(to_string(plan_paged_attention(d, arch_info("gfx1030", 84))),
            "paged_attention_f16_128 336x1 of 128 partials 1064960 tickets 512");
  d.n = 8;
  EXPECT_FALSE(plan_paged_attention(d, kXt).many);
  EXPECT_FALSE(plan_paged_attention(d, kXt).kv_write);
  d.n = 512;
  const PagedAttentionPlan prefill = plan_paged_attention(d, kXt);
  EXPECT_EQ(prefill.attention.grid_x, 336);
  ASSERT_TRUE(prefill.kv_write);
  EXPECT_EQ(prefill.kv_write->kernel, "kv_write_f16");
  ASSERT_TRUE(prefill.many);
  EXPECT_EQ(to_string(*prefill.many), "paged_attention_many_f16_128 168x1 of 256");
  d.kv = DType::kF32;
  EXPECT_EQ(plan_paged_attention(d, kXt).attention.kernel, "paged_attention_f32_128");
  EXPECT_FALSE(plan_paged_attention(d, kXt).many);
  d.kv = DType::kF16;
  d.attention = {71, 1, 64, 1};
  EXPECT_EQ(plan_paged_attention(d, kXt).n_tickets, 64 * 5);
  d.attention = {71, 1, 129, 1};
  EXPECT_EQ(plan_paged_attention(d, kXt).attention.kernel, "paged_attention_f16_256");
  EXPECT_EQ(plan_paged_attention(d, kXt).n_tickets, 64 * 9);
  d.attention.head_dim = 1025;
  EXPECT_THROW(plan_paged_attention(d, kXt), Error);
}

TEST(SamplePlan, SlicesFillTheCardAndCoverTheRow) {
  EXPECT_EQ(to_string(plan_sample_fused(1, 151936, kXt)),
            "sample_fused_rows 75x1 of 256 slices of 2028 parts 156000 tickets 1");
  EXPECT_EQ(to_string(plan_sample_fused(64, 151936, kXt)),
            "sample_fused_rows 2x64 of 256 slices of 75968 parts 266240 tickets 64");
  EXPECT_EQ(to_string(plan_sample_fused(2, 7, kXt)),
            "sample_fused_rows 1x2 of 256 slices of 8 parts 4160 tickets 2");
  for (const std::int64_t rows : {1, 3, 64}) {
    for (const std::int64_t vocab : {1, 4, 2047, 2049, 49152, 128256}) {
      const SampleFusedPlan plan = plan_sample_fused(rows, vocab, kXt);
      EXPECT_EQ(plan.slice % 4, 0);
      EXPECT_GE(std::int64_t{plan.slice} * plan.launch.grid_x, vocab);
      EXPECT_LT(std::int64_t{plan.slice} * (plan.launch.grid_x - 1), vocab);
    }
  }
  EXPECT_THROW(plan_sample_fused(1, 0, kXt), Error);
}

TEST(StepArgs, AreTheLayouts) {
  const ir::StepLayout layout(
      {.max_rows = 40, .max_sequences = 3, .max_blocks = 7, .rope_dims = 64, .mask_words = 5});
  alignas(64) std::byte base[64];
  const StepArgs args = step_args(layout, base);
  EXPECT_EQ(args.positions, layout.positions);
  EXPECT_EQ(args.work, layout.work);
  EXPECT_EQ(args.max_blocks, 7);
  EXPECT_EQ(args.rope_dims, 64);
  EXPECT_EQ(args.samples, layout.samples);
  EXPECT_EQ(args.masks, layout.masks);
  EXPECT_EQ(args.mask_words, 5);
  const RowsArgs rows = rows_args(layout, base, 3, 5, true);
  EXPECT_EQ(static_cast<const void*>(rows.header), base + layout.header);
  EXPECT_EQ(rows.of_head, 1);
}

}  // namespace
}  // namespace rocmforge::gpu
