// The code objects of one target of each AMD family, as the compiler left them: nothing spills,
// nothing hidden is asked for, arguments are as the host has them; and what registers they take.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backend/gpu/ops/add_args.h"
#include "backend/gpu/ops/attention_scores_args.h"
#include "backend/gpu/ops/attention_values_args.h"
#include "backend/gpu/ops/copy_args.h"
#include "backend/gpu/ops/embed_args.h"
#include "backend/gpu/ops/kv_write_args.h"
#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/mask_args.h"
#include "backend/gpu/ops/matmul_args.h"
#include "backend/gpu/ops/matmul_plan.h"
#include "backend/gpu/ops/paged_attention_args.h"
#include "backend/gpu/ops/paged_attention_plan.h"
#include "backend/gpu/ops/prepare_args.h"
#include "backend/gpu/ops/probe_args.h"
#include "backend/gpu/ops/random_args.h"
#include "backend/gpu/ops/repack_args.h"
#include "backend/gpu/ops/rms_norm_args.h"
#include "backend/gpu/ops/rope_args.h"
#include "backend/gpu/ops/row_plans.h"
#include "backend/gpu/ops/rows_args.h"
#include "backend/gpu/ops/sampling_args.h"
#include "backend/gpu/ops/sampling_plan.h"
#include "backend/gpu/ops/scale_args.h"
#include "backend/gpu/ops/softmax_args.h"
#include "backend/gpu/ops/swiglu_args.h"
#include "backend/gpu/ops/weight_layout.h"
#include "gpu/kernel_objects.h"

namespace rocmforge::gputest {
namespace {

using namespace rocmforge::gpu;
using emu::KernelInfo;

std::vector<std::string> targets() {
  std::vector<std::string> out;
  for (const auto& [target, paths] : objects()) out.push_back(target);
  return out;
}

std::set<std::string> names_of(const std::string& target) {
  std::set<std::string> out;
  for (const Kernel& k : kernels_of(target)) {
    EXPECT_TRUE(out.insert(k.name).second) << k.name << " is in two modules";
  }
  return out;
}

// The arguments of a kernel, by the op that its name starts with.
std::size_t args_bytes(std::string_view name) {
  const std::pair<std::string_view, std::size_t> table[] = {
      {"add_", sizeof(AddArgs)},
      {"attention_scores_", sizeof(AttentionScoresArgs)},
      {"attention_values_", sizeof(AttentionValuesArgs)},
      {"copy_", sizeof(CopyArgs)},
      {"edit_logits_", sizeof(EditLogitsArgs)},
      {"embed_", sizeof(EmbedArgs)},
      {"kv_write_", sizeof(KvWriteArgs)},
      {"log_sum_exp_", sizeof(LogSumExpArgs)},
      {"mask_", sizeof(MaskArgs)},
      {"matmul_", sizeof(MatMulArgs)},
      {"paged_attention_", sizeof(PagedAttentionArgs)},
      {"probe", sizeof(ProbeArgs)},
      {"prepare_", sizeof(PrepareArgs)},
      {"random_", sizeof(RandomArgs)},
      {"repack_", sizeof(RepackArgs)},
      {"rms_norm_", sizeof(RmsNormArgs)},
      {"rope_", sizeof(RopeArgs)},
      {"rows_", sizeof(GatherArgs)},
      {"sample_fused_", sizeof(SampleFusedArgs)},
      {"sample_", sizeof(SampleArgs)},
      {"scale_", sizeof(ScaleArgs)},
      {"softmax_", sizeof(SoftmaxArgs)},
      {"swiglu_", sizeof(SwigluArgs)},
      {"top_k_", sizeof(TopKArgs)},
  };
  for (const auto& [prefix, bytes] : table) {
    if (name.starts_with(prefix)) return bytes;
  }
  return 0;
}

// Waves a SIMD32 of RDNA3 holds by registers: 1536 of each lane, in steps of 24, 16 waves at most
// (wave32; GPUs of 1536 registers a SIMD).
std::int64_t waves_by_registers(std::int64_t vgprs) {
  const std::int64_t taken = std::max<std::int64_t>(24, (vgprs + 23) / 24 * 24);
  return std::min<std::int64_t>(16, 1536 / taken);
}

constexpr const char* kDashes = "-----------------------------";

// Waves a SIMD32 by LDS, static: the 4 SIMDs of a workgroup processor share 128 KiB.
std::int64_t waves_by_lds(const KernelInfo& k) {
  const std::int64_t lds = std::max<std::int64_t>(std::int64_t{k.lds_bytes}, 1);
  return std::min<std::int64_t>(
      16, 131072 / lds * (std::int64_t{k.max_group} / std::int64_t{k.wave_lanes}) / 4);
}

class Objects : public testing::TestWithParam<std::string> {};

// Scalar registers that do not fit are kept in lanes of a vector register: no memory is touched,
// and it costs an instruction at each use. These kernels hold many arguments at once, outside their
// inner loops; how many scalars they may so keep is a little above what the compiler makes of them.
std::int64_t scalars_in_lanes(const std::string& name, const std::string& target) {
  const bool cdna = target.starts_with("gfx9");
  const auto is_matmul = [&](const std::string& kind) {
    return name.starts_with("matmul_" + kind);
  };
  if (name.starts_with("paged_attention_")) return cdna ? 135 : 105;
  if (name.starts_with("sample_")) return cdna ? 40 : 0;
  if (is_matmul("mixed_")) return cdna ? 145 : 100;
  if (is_matmul("quant_") || is_matmul("plain_")) return cdna ? 125 : 90;
  if (name.find("_gemm") != std::string::npos) return cdna ? 40 : 0;
  if (is_matmul("")) return cdna ? 55 : 20;
  return 0;
}

TEST_P(Objects, NothingSpills) {
  ASSERT_FALSE(kernels_of(GetParam()).empty());
  for (const KernelInfo& k : kernels_of(GetParam())) {
    EXPECT_EQ(std::int64_t{k.scratch_bytes}, 0) << k.name << " uses scratch";
    EXPECT_EQ(std::int64_t{k.n_vgpr_spills}, 0) << k.name;
    EXPECT_LE(std::int64_t{k.n_sgpr_spills}, scalars_in_lanes(k.name, GetParam())) << k.name;
  }
}

TEST_P(Objects, ArgumentsAreTheHosts) {
  for (const KernelInfo& k : kernels_of(GetParam())) {
    ASSERT_NE(args_bytes(k.name), 0u) << k.name << " is of no op that this test knows";
    ASSERT_EQ(k.arguments.size(), 1u) << k.name << " takes more than its struct";
    EXPECT_EQ(k.arguments[0].kind, "by_value") << k.name;
    EXPECT_EQ(k.arguments[0].offset, 0U) << k.name;
    EXPECT_EQ(std::int64_t{k.arguments[0].bytes}, static_cast<std::int64_t>(args_bytes(k.name)))
        << k.name;
    EXPECT_EQ(std::int64_t{k.argument_bytes}, static_cast<std::int64_t>(args_bytes(k.name)))
        << k.name;
  }
}

TEST_P(Objects, WavesAndLdsAreThePlans) {
  const ArchInfo arch = arch_info(GetParam(), 84);
  for (const KernelInfo& k : kernels_of(GetParam())) {
    EXPECT_EQ(std::int64_t{k.wave_lanes}, arch.wave) << k.name;
    EXPECT_LE(std::int64_t{k.lds_bytes}, arch.lds_bytes) << k.name;
    const bool few_rows = k.name.starts_with("matmul_") && k.name[k.name.size() - 2] == '_';
    const std::int64_t threads = k.name == "probe" ? kProbeThreads
                                 : few_rows        ? few_rows_threads(k.name.back() - '0')
                                 : k.name.starts_with("paged_attention_many_") ? 256
                                 : k.name.starts_with("paged_attention_")      ? 128
                                                                               : 256;
    EXPECT_EQ(std::int64_t{k.max_group}, threads) << k.name;
    if (k.name.starts_with("matmul_")) {
      EXPECT_LE(std::int64_t{k.lds_bytes}, kStaticShared) << k.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Objects, testing::ValuesIn(targets()),
                         [](const auto& param) { return param.param; });

// Every kernel that a plan may name is there.
TEST(Kernels, PlansNameThem) {
  const std::set<std::string> names = names_of("gfx1100");
  const ArchInfo arch = arch_info("gfx1100", 84);
  const auto expect = [&](const Launch& launch) {
    EXPECT_TRUE(names.contains(launch.kernel)) << launch.kernel;
  };
  const RowsShape shape{5, 300};
  for (const auto plan : {plan_embed, plan_add, plan_scale, plan_swiglu, plan_mask, plan_copy,
                          plan_rows, plan_rope, plan_softmax, plan_prepare}) {
    expect(plan(shape, arch));
  }
  for (const auto plan : {plan_top_k, plan_log_sum_exp, plan_sample}) expect(plan(5, arch));
  expect(plan_edit_logits(5, 300, arch));
  expect(plan_sample_fused(5, 300, arch).launch);
  expect(plan_rms_norm({3, 4096}, 4096, arch));
  expect(plan_rms_norm({3, 4096}, 128, arch));
  for (const DType kv : {DType::kF16, DType::kF32}) {
    expect(plan_kv_write(shape, kv, arch));
    expect(plan_attention_scores(3, 4, kv, arch));
    expect(plan_attention_values(3, 4, kv, arch));
    for (const std::int32_t d : {19, 64, 96, 128, 200, 1024}) {
      const auto plan = plan_paged_attention({.attention = {8, 2, d, 1}, .kv = kv, .n = 40}, arch);
      expect(plan.attention);
      if (plan.many) expect(*plan.many);
      expect(*plan.kv_write);
    }
  }
  using Segments = std::vector<MatMulSegment>;
  std::vector<Segments> weights = {{{DType::kF16, 32}, {DType::kF32, 32}},
                                   {{DType::kQ4_0, 32}, {DType::kQ6_K, 32}},
                                   {{DType::kQ4_0, 32}, {DType::kF16, 32}}};
  for (const DType type : kAllDTypes) {
    if (type == DType::kI32) continue;
    weights.push_back({{type, 64}});
    weights.push_back({{type, 128256}});
  }
  for (const Segments& segments : weights) {
    for (const std::int64_t n : {1, 2, 3, 8, 9, 20, 50, 512}) {
      for (const auto epilogue : {ir::Epilogue::kNone, ir::Epilogue::kSwiGlu}) {
        const auto plan =
            plan_matmul({.segments = segments, .cols = 256, .n = n, .epilogue = epilogue}, arch);
        for (const MatMulLaunch& product : plan.products) expect(product.launch);
        if (plan.prepare) expect(*plan.prepare);
      }
    }
  }
}

TEST(Kernels, EveryWeightTypeIsRepacked) {
  const std::set<std::string> names = names_of("gfx1100");
  for (const DType type : kAllDTypes) {
    if (!weight_type(type)) continue;
    const Launch launch = plan_repack(type, 1000, arch_info("gfx1100", 84));
    EXPECT_TRUE(names.contains(launch.kernel)) << launch.kernel;
  }
}

// The device source that an object was compiled from.
std::string module_of(const std::string& path) {
  const std::size_t begin = path.rfind('/') + 1;
  return path.substr(begin, path.rfind('.') - begin);
}

// Prints a table in Markdown; bench/results/README.md says how to keep it.
TEST(Kernels, RegistersOfGfx1100) {
  std::printf("| %-16s | %-26s | VGPRs | SGPRs |   LDS | waves |\n", "source", "kernel, gfx1100");
  std::printf("|%.18s|%.28s|------:|------:|------:|------:|\n", kDashes, kDashes);
  std::string module;
  for (const Kernel& k : kernels_of("gfx1100")) {
    const bool first = module_of(k.object) != module;
    module = module_of(k.object);
    const std::int64_t waves = waves_by_registers(std::int64_t{k.n_vgprs});
    std::printf("| %-16s | %-26s | %5ld | %5ld | %5ld | %5ld |\n", first ? module.c_str() : "",
                k.name.c_str(), std::int64_t{k.n_vgprs}, std::int64_t{k.n_sgprs},
                std::int64_t{k.lds_bytes}, std::min(waves, waves_by_lds(k)));
    // F32 is taken in three parts of BF16, on both sides.
    EXPECT_GE(waves, k.name == "matmul_f32_gemm64" ? 5 : 6)
        << k.name << " leaves too few waves to hide memory's latency";
  }
}

// Waves a SIMD32 of RDNA2 holds by registers: 1024 of each lane, in steps of 16 for gfx1030; by
// LDS, the 4 SIMDs of a workgroup processor sharing 128 KiB.
std::int64_t waves_of_gfx1030(std::int64_t vgprs) {
  return std::min<std::int64_t>(16, 1024 / std::max<std::int64_t>(16, (vgprs + 15) / 16 * 16));
}

// Products of many rows on a card without matrix units: as many waves as LDS admits, or near it.
TEST(Kernels, RegistersOfDotsOfGfx1030) {
  std::printf("| %-26s | VGPRs |   LDS | waves | by LDS |\n", "kernel, gfx1030");
  std::printf("|%.28s|------:|------:|------:|-------:|\n", kDashes);
  for (const DType dtype : kAllDTypes) {
    if (!weight_type(dtype) || !many_in_int8(*weight_type(dtype), false)) continue;
    for (const std::int32_t x : kGemmTiles) {
      const std::string name =
          "matmul_" + std::string(kernel_type(dtype)) + "_gemm" + std::to_string(x);
      const DotParts parts = dot_parts(*weight_type(dtype));
      const std::int64_t lds = 2 * dot_stage_bytes(dot_tile(x, parts), parts);
      const std::int64_t by_lds =
          std::min<std::int64_t>(16, 131072 / lds * (kGemmThreads / 32) / 4);
      int n_found = 0;
      for (const Kernel& k : kernels_of("gfx1030")) {
        if (k.name != name) continue;
        ++n_found;
        const std::int64_t waves = waves_of_gfx1030(std::int64_t{k.n_vgprs});
        std::printf("| %-26s | %5ld | %5ld | %5ld | %6ld |\n", name.c_str(),
                    std::int64_t{k.n_vgprs}, lds, std::min(waves, by_lds), by_lds);
        EXPECT_GE(waves, 4) << name << " leaves too few waves to hide LDS's latency";
        EXPECT_GE(3 * waves, 2 * by_lds) << name;
      }
      EXPECT_EQ(n_found, 1) << name;
    }
  }
}

}  // namespace
}  // namespace rocmforge::gputest
