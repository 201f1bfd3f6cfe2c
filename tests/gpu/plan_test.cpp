// Plans are pure: what they choose for odd shapes, and that their grids cover the work.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/matmul_plan.h"
#include "backend/gpu/ops/paged_attention_plan.h"
#include "backend/gpu/ops/row_plans.h"
#include "backend/gpu/ops/sampling_plan.h"
#include "backend/gpu/ops/step_args.h"
#include "backend/gpu/ops/weight_layout.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

const ArchInfo kXt = arch_info("gfx1100", 84);

TEST(ArchInfo, KnowsItsFamilies) {
  EXPECT_EQ(kXt.wave, 32);
  EXPECT_EQ(kXt.lds_bytes, 65536);
  EXPECT_EQ(arch_info("gfx90a", 104).wave, 64);
  EXPECT_EQ(arch_info("sm_90", 132).lds_bytes, 101376);
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

MatMulDesc desc(std::vector<MatMulSegment> segments, std::int64_t cols, std::int64_t n,
                ir::Epilogue epilogue = ir::Epilogue::kNone) {
  return {.segments = std::move(segments), .cols = cols, .n = n, .epilogue = epilogue};
}
const ArchInfo kH200 = arch_info("sm_90", 132);

const Launch& only(const MatMulPlan& plan) {
  EXPECT_EQ(plan.products.size(), 1U);
  return plan.products.at(0).launch;
}

TEST(MatMulPlan, FewRowsPrepareThemselvesAndArePersistent) {
  using enum DType;
  EXPECT_EQ(to_string(plan_matmul(desc({{kQ4_0, 4096}}, 4096, 1), kXt)),
            "matmul_q4_0_1 128x1 of 256 lds 5120 slice 4096");
  EXPECT_EQ(only(plan_matmul(desc({{kQ4_0, 4096}}, 4096, 3), kXt)).kernel, "matmul_q4_0_4");
  EXPECT_EQ(only(plan_matmul(desc({{kQ4_0, 20}, {kQ6_K, 17}}, 4096, 8), kXt)).kernel,
            "matmul_quant_8");
  EXPECT_EQ(only(plan_matmul(desc({{kQ4_0, 20}, {kF16, 17}}, 256, 2), kXt)).kernel,
            "matmul_mixed_2");
  EXPECT_EQ(only(plan_matmul(desc({{kF32, 20}, {kF16, 17}}, 256, 2), kXt)).kernel,
            "matmul_plain_2");
  for (const std::int64_t rows : {1, 2, 37, 4096, 128256}) {
    const MatMulPlan plan = plan_matmul(desc({{kQ8_0, rows}}, 4096, 1), kXt);
    EXPECT_FALSE(plan.prepare);
    EXPECT_EQ(plan.scratch.bytes, 0);
    EXPECT_LE(only(plan).grid_x, 2 * 84);
    EXPECT_EQ(plan.products[0].n_tiles, rows);
  }
}

// The matmuls of an 8B model, rows and columns.
constexpr std::pair<std::int64_t, std::int64_t> k8b[] = {
    {6144, 4096}, {4096, 4096}, {28672, 4096}, {4096, 14336}, {128256, 4096}};

// Weights of every type, alike and mixed: one dispatch each for 1 to 8 rows, on every card.
TEST(MatMulPlan, FewRowsTakeOneDispatch) {
  using enum DType;
  std::vector<std::vector<DType>> weights = {{kF32, kF16}, {kQ4_0, kQ6_K}, {kQ8_0, kBF16}};
  for (const DType type : kAllDTypes) {
    if (weight_type(type) && type != kI32) weights.push_back({type, type});
  }
  ASSERT_GE(weights.size(), 3U + 8U);
  const ArchInfo cards[] = {kXt,
                            kH200,
                            arch_info("gfx1030", 40),
                            arch_info("gfx1100", 42),
                            arch_info("gfx1201", 64),
                            arch_info("gfx90a", 104),
                            arch_info("gfx942", 304)};
  for (const ArchInfo& arch : cards) {
    for (const std::vector<DType>& types : weights) {
      for (std::int64_t n = 1; n <= 8; ++n) {
        for (const auto& [rows, cols] : k8b) {
          for (const auto epilogue :
               {ir::Epilogue::kNone, ir::Epilogue::kSwiGlu, ir::Epilogue::kAdd}) {
            const MatMulPlan plan = plan_matmul(
                desc({{types[0], rows / 2}, {types[1], rows / 2}}, cols, n, epilogue), arch);
            EXPECT_FALSE(plan.prepare) << to_string(plan);
            EXPECT_EQ(only(plan).grid_y, 1);
            EXPECT_LE(only(plan).grid_x, 2 * arch.n_units);
            // A slice's sums wait in the scratch for the next.
            const std::int64_t values =
                plan.products[0].n_tiles * plan.rows_of_tile * plan.tile_rows;
            EXPECT_EQ(plan.scratch.bytes, plan.slice < cols ? (4 * values + 255) / 256 * 256 : 0);
          }
        }
      }
    }
  }
}

TEST(MatMulPlan, WhatDoesNotFitTheLdsGoesInSlices) {
  using enum DType;
  const MatMulPlan down = plan_matmul(desc({{kQ4_0, 4096}}, 14336, 8), kXt);
  EXPECT_EQ(down.slice, 4864);
  EXPECT_EQ(only(down).lds_bytes, 8 * (4864 + 4864 / 32 * 8));
  EXPECT_EQ(plan_matmul(desc({{kQ4_0, 4096}}, 14336, 8), kH200).slice, 7168);
  EXPECT_EQ(plan_matmul(desc({{kQ4_0, 4096}}, 14336, 4), kH200).slice, 14336);
  for (const ArchInfo& arch : {kXt, kH200, arch_info("gfx90a", 60)}) {
    for (std::int64_t cols = 256; cols < 70000; cols += 256 * 7) {
      for (std::int64_t n = 1; n <= 8; ++n) {
        for (const auto& types :
             {std::vector<MatMulSegment>{{kQ6_K, 100}}, {{kQ6_K, 60}, {kF32, 40}}, {{kF32, 100}}}) {
          const MatMulPlan plan = plan_matmul(desc(types, cols, n), arch);
          EXPECT_LE(only(plan).lds_bytes, arch.lds_bytes - kStaticShared);
          EXPECT_EQ(plan.slice % 256, 0);
          EXPECT_GT(plan.slice, 0);
        }
      }
    }
  }
}

TEST(MatMulPlan, ManyRowsTakeTheMatrixUnits) {
  using enum DType;
  EXPECT_EQ(to_string(plan_matmul(desc({{kQ6_K, 70}}, 256, 61), kXt)),
            "prepare_rows 61x1 of 256 f16 x 1; matmul_q6_k_gemm32 3x2 of 256 lds 34816");
  EXPECT_EQ(only(plan_matmul(desc({{kQ4_0, 4096}}, 4096, 9), kXt)).kernel, "matmul_q4_0_gemm16");
  EXPECT_EQ(only(plan_matmul(desc({{kQ4_0, 4096}}, 4096, 17), kXt)).kernel, "matmul_q4_0_gemm32");
  EXPECT_EQ(to_string(plan_matmul(desc({{kBF16, 28672}}, 4096, 512, ir::Epilogue::kSwiGlu), kH200)),
            "prepare_rows 512x1 of 256 bf16 x 2; matmul_bf16_gemm128 224x4 of 256 lds 81920");
  // So few tiles that smaller ones keep more of the card at work.
  EXPECT_EQ(only(plan_matmul(desc({{kQ4_0, 1024}}, 4096, 512), kH200)).kernel,
            "matmul_q4_0_gemm64");
  EXPECT_EQ(only(plan_matmul(desc({{kF32, 4096}}, 4096, 512), kH200)).kernel, "matmul_f32_gemm64");
}

// A few tiles of long rows: several workgroups share the columns of each.
TEST(MatMulPlan, FewTilesOfManyRowsAreSplit) {
  using enum DType;
  const MatMulPlan out = plan_matmul(desc({{kQ4_0, 4096}}, 4096, 64), kH200);
  EXPECT_EQ(to_string(out.products[0].launch), "matmul_q4_0_gemm64 256x1 of 256 lds 87040");
  EXPECT_EQ(out.products[0].n_tiles, 64);
  EXPECT_EQ(out.products[0].splits, 4);
  EXPECT_EQ(out.products[0].split_steps, 8);  // of 128 columns
  EXPECT_EQ(out.n_tickets, 64);
  EXPECT_GE(out.scratch.sums_at, 64 * 4096 * 2);
  EXPECT_EQ(out.scratch.bytes - out.scratch.sums_at, 4 * 64 * 4 * 64 * 64);
  const MatMulPlan down = plan_matmul(desc({{kQ4_0, 4096}}, 14336, 512), kH200);
  EXPECT_EQ(down.products[0].splits, 2);
  EXPECT_EQ(down.n_tickets, 128);
  // Tiles enough, too few columns, products that cannot be split: one workgroup a tile.
  for (const MatMulPlan& plan :
       {plan_matmul(desc({{kQ4_0, 28672}}, 4096, 512, ir::Epilogue::kSwiGlu), kH200),
        plan_matmul(desc({{kQ4_0, 70}}, 1920, 61), kH200),
        plan_matmul(desc({{kQ4_0, 70}}, 4096, 61), arch_info("gfx1030", 80))}) {
    EXPECT_EQ(plan.products[0].splits, 1);
    EXPECT_EQ(plan.n_tickets, 0);
    EXPECT_EQ(plan.scratch.sums_at, plan.scratch.bytes);
  }
}

// Every column in one split.
TEST(MatMulPlan, SplitsCoverTheColumns) {
  for (std::int64_t cols = 32; cols < 40000; cols += 32 * 37) {
    for (const std::int64_t n : {9, 40, 130}) {
      for (const ArchInfo& arch : {kXt, kH200, arch_info("gfx942", 304)}) {
        const MatMulPlan plan = plan_matmul(desc({{DType::kQ8_0, 70}}, cols, n), arch);
        const MatMulLaunch& product = plan.products[0];
        const GemmTile tile =
            gemm_tile(plan.tile_rows, 1, 1, arch.wave, arch.target.starts_with("sm_"));
        const std::int64_t steps = (cols + tile.k - 1) / tile.k;
        EXPECT_GE(std::int64_t{product.splits} * product.split_steps, steps);
        EXPECT_LT(std::int64_t{product.splits - 1} * product.split_steps, steps);
      }
    }
  }
}

// Without matrix units quantized weights meet int8, plain ones halves.
TEST(MatMulPlan, ManyRowsWithoutMatrixUnitsTakeInt8) {
  using enum DType;
  const ArchInfo card = arch_info("gfx1030", 80);
  EXPECT_EQ(to_string(plan_matmul(desc({{kQ6_K, 70}}, 256, 61), card)),
            "prepare_rows 61x1 of 256 int8; matmul_q6_k_gemm32 3x2 of 256 lds 43008");
  EXPECT_EQ(to_string(plan_matmul(desc({{kQ4_0, 4096}}, 4096, 512), card)),
            "prepare_rows 512x1 of 256 int8; matmul_q4_0_gemm128 32x4 of 256 lds 47104");
  EXPECT_EQ(
      to_string(plan_matmul(desc({{kQ4_0, 33}, {kF16, 20}, {kF32, 40}}, 256, 67), card)),
      "prepare_rows 67x1 of 256 f16 x 2 bf16 x 3 int8; matmul_f32_gemm32 2x3 of 256 lds 55296; "
      "matmul_f16_gemm32 1x3 of 256 lds 52224; matmul_q4_0_gemm32 2x3 of 256 lds 40960");
  for (const DType type : kAllDTypes) {
    if (!weight_type(type) || type == kI32) continue;
    for (const std::int64_t n : {9, 33, 130, 512}) {
      for (const auto& [rows, cols] : k8b) {
        const MatMulPlan plan = plan_matmul(desc({{type, rows}}, cols, n), card);
        const bool int8 = info(type).is_quantized();
        EXPECT_EQ(plan.scratch.int8, int8);
        EXPECT_EQ(plan.scratch.n_f16 + plan.scratch.n_bf16 == 0, int8);
        EXPECT_LE(only(plan).lds_bytes, card.lds_bytes - kStaticShared);
        // Values, and a scale and sums each 32, behind what there is of halves.
        const std::int64_t padded = (cols + 255) / 256 * 256;
        if (int8) {
          EXPECT_GT(plan.scratch.int8_at, 0);
          EXPECT_EQ(plan.scratch.int8_at % kInt8Align, 0);
          EXPECT_GE(plan.scratch.bytes, plan.scratch.int8_at + n * (padded + padded / 32 * 8));
        }
        // The same on every other card: halves.
        for (const ArchInfo& other :
             {kXt, kH200, arch_info("gfx1201", 64), arch_info("gfx942", 304)}) {
          EXPECT_FALSE(plan_matmul(desc({{type, rows}}, cols, n), other).scratch.int8);
        }
      }
    }
  }
}

TEST(MatMulPlan, ManyRowsTakeALaunchForEachType) {
  using enum DType;
  const MatMulPlan plan =
      plan_matmul(desc({{kQ4_0, 33}, {kF16, 20}, {kQ4_0, 7}, {kF32, 40}}, 256, 67), kXt);
  EXPECT_EQ(to_string(plan),
            "prepare_rows 67x1 of 256 f16 x 2 bf16 x 3; matmul_f32_gemm32 2x3 of 256 lds 55296; "
            "matmul_f16_gemm32 1x3 of 256 lds 52224; matmul_q4_0_gemm32 3x3 of 256 lds 34816");
  ASSERT_EQ(plan.products[2].pieces.size(), 2U);
  EXPECT_EQ(plan.products[2].pieces[1].begin, 53);
  EXPECT_EQ(plan.products[2].pieces[1].end, 60);
  EXPECT_EQ(plan.products[2].pieces[1].first, 2);
}

// Gates of one type and ups of another: the gates' launches go first.
TEST(MatMulPlan, HalvesOfSeveralTypes) {
  using enum DType;
  const MatMulPlan plan = plan_matmul(
      desc({{kQ4_1, 40}, {kBF16, 25}, {kQ8_0, 65}}, 256, 66, ir::Epilogue::kSwiGlu), kXt);
  ASSERT_EQ(plan.products.size(), 3U);
  EXPECT_EQ(plan.products[0].part, TilePart::kGates);
  EXPECT_EQ(plan.products[1].part, TilePart::kGates);
  EXPECT_EQ(plan.products[2].part, TilePart::kUps);
  EXPECT_EQ(plan.products[2].launch.kernel, "matmul_q8_0_gemm32");
  EXPECT_EQ(plan.products[2].pieces.size(), 2U);
}

// Every output in one piece of one launch (two for gates and ups), every tile within a piece.
TEST(MatMulPlan, PiecesCoverTheOutputs) {
  using enum DType;
  const std::vector<MatMulSegment> segments = {
      {kQ4_0, 33}, {kF16, 21}, {kQ6_K, 7}, {kF32, 40}, {kQ4_0, 399}};
  for (const auto epilogue : {ir::Epilogue::kNone, ir::Epilogue::kSwiGlu}) {
    for (const std::int64_t n : {1, 8, 9, 32, 512}) {
      const MatMulDesc d = desc(segments, 256, n, epilogue);
      std::vector<int> made(static_cast<std::size_t>(d.outputs()));
      for (const MatMulLaunch& product : plan_matmul(d, kXt).products) {
        EXPECT_LE(product.pieces.size(), static_cast<std::size_t>(kMaxPieces));
        std::int32_t tiles = 0;
        for (const PieceArgs& piece : product.pieces) {
          EXPECT_EQ(piece.first, tiles);
          EXPECT_LT(piece.begin, piece.end);
          ++tiles;
          for (std::int32_t o = piece.begin; o < piece.end; ++o) {
            made[static_cast<std::size_t>(o)] += product.part == TilePart::kWhole ? 2 : 1;
          }
          tiles = std::max(tiles,
                           &piece == &product.pieces.back() ? product.n_tiles : (&piece)[1].first);
        }
      }
      EXPECT_EQ(made, std::vector<int>(made.size(), 2));
    }
  }
}

TEST(MatMulPlan, TilesFitTheLdsOfEveryCard) {
  for (const bool sm : {false, true}) {
    for (const std::int32_t wave : {32, 64}) {
      for (const DType type : kAllDTypes) {
        if (type == DType::kI32) continue;
        const HalfParts parts = half_parts(*weight_type(type));
        for (const std::int32_t x : kGemmTiles) {
          if (type == DType::kF32 && (x == 16 || x == 128)) continue;
          const GemmTile tile = gemm_tile(x, parts.w, parts.x, wave, sm);
          EXPECT_TRUE(fits(tile, parts.w, parts.x, sm)) << to_string(type) << " " << x;
          EXPECT_EQ(tile.waves_w * tile.waves_x * tile.waves_k * wave, kGemmThreads);
          // What waves leave of their sums lies where the tiles were.
          EXPECT_LE((tile.waves_k - 1) * tile.w * tile.x * 4, tile.lds_bytes(parts.w, parts.x));
        }
      }
    }
  }
}

TEST(MatMulPlan, Refuses) {
  EXPECT_THROW(plan_matmul(desc({{DType::kI32, 1}}, 32, 1), kXt), Error);
  EXPECT_THROW(plan_matmul(desc({{DType::kQ4_0, 1}}, 33, 1), kXt), Error);
  EXPECT_THROW(plan_matmul(desc(std::vector(9, MatMulSegment{DType::kF32, 1}), 32, 1), kXt), Error);
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
