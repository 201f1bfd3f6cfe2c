// The code objects of one target of each AMD family, as the compiler left them: nothing spills,
// nothing hidden is asked for, arguments are as the host has them, and the hot loops hold the
// instructions they are meant to.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <sstream>
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
#include "object/code_object.h"

namespace rocmforge::gputest {
namespace {

using namespace rocmforge::gpu;
using emu::KernelInfo;

// The folder of an object: its target.
std::string target_of(const std::string& path) {
  const std::size_t end = path.rfind('/'), begin = path.rfind('/', end - 1) + 1;
  return path.substr(begin, end - begin);
}

// Paths of the objects of each target.
const std::map<std::string, std::vector<std::string>>& objects() {
  static const auto all = [] {
    std::map<std::string, std::vector<std::string>> out;
    std::ifstream in(ROCMFORGE_TEST_OBJECTS);
    for (std::string path; std::getline(in, path);) out[target_of(path)].push_back(path);
    return out;
  }();
  return all;
}

std::vector<std::string> targets() {
  std::vector<std::string> out;
  for (const auto& [target, paths] : objects()) out.push_back(target);
  return out;
}

emu::CodeObject read_object(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  return emu::read_code_object(std::as_bytes(std::span(bytes)));
}

struct Kernel : KernelInfo {
  std::string object;  // path
};

// Of all modules of a target.
const std::vector<Kernel>& kernels_of(const std::string& target) {
  static std::map<std::string, std::vector<Kernel>> all;
  std::vector<Kernel>& out = all[target];
  if (!out.empty()) return out;
  for (const std::string& path : objects().at(target)) {
    const emu::CodeObject object = read_object(path);
    EXPECT_EQ(object.target, target);
    EXPECT_FALSE(object.kernels.empty()) << path;
    for (const KernelInfo& k : object.kernels) out.push_back({k, path});
  }
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
  if (name.find("_gemm") != std::string::npos) return cdna ? 25 : 0;
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

std::string disassemble(const std::string& path, const std::string& symbol) {
  const std::string command = std::string(ROCMFORGE_TEST_OBJDUMP) +
                              " -d --disassemble-symbols=" + symbol + " '" + path + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string out;
  std::array<char, 4096> part{};
  while (pipe && std::fgets(part.data(), part.size(), pipe.get()) != nullptr) out += part.data();
  return out;
}

std::string kernel_text(const std::string& name, const std::string& target = "gfx1100") {
  for (const Kernel& k : kernels_of(target)) {
    if (k.name == name) return disassemble(k.object, name);
  }
  ADD_FAILURE() << name << " was not compiled";
  return "";
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Kernels, QuantizedProductsAreIntegerDots) {
  for (const DType dtype : kAllDTypes) {
    if (!info(dtype).is_quantized()) continue;
    const std::string type(kernel_type(dtype));
    for (const int rows : {1, 8}) {
      const std::string name = "matmul_" + type + "_" + std::to_string(rows);
      // 8 dots for each unit of 32 columns and row of x.
      EXPECT_GE(count(kernel_text(name), "v_dot4_i32_iu8"), 8u * static_cast<unsigned>(rows))
          << name;
    }
  }
}

// The instructions of the shortest loop around one that starts with `what`, "" where none is: from
// where a branch jumps back to, to the branch. A line is "\tINSTRUCTION // ADDRESS: CODE", and of a
// branch "<KERNEL+0xOFFSET>" follows.
std::string loop_around(const std::string& text, const std::string& kernel, std::string_view what) {
  struct Line {
    std::uint64_t at = 0;
    std::string text;
  };
  std::vector<Line> lines;
  std::uint64_t begin = 0;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with("<" + kernel + ">:")) begin = std::stoull(line, nullptr, 16);
    const std::size_t comment = line.find("// ");
    if (comment == std::string::npos) continue;
    lines.push_back({std::stoull(line.substr(comment + 3), nullptr, 16), line});
  }
  std::string shortest;
  for (const Line& end : lines) {
    const std::size_t label = end.text.find("<" + kernel + "+0x");
    if (end.text.find("branch") == std::string::npos || label == std::string::npos) continue;
    const std::uint64_t to =
        begin + std::stoull(end.text.substr(label + kernel.size() + 4), nullptr, 16);
    if (to >= end.at) continue;
    std::string loop;
    for (const Line& line : lines) {
      if (line.at >= to && line.at <= end.at) loop += line.text + "\n";
    }
    if (count(loop, what) == 0) continue;
    if (shortest.empty() || loop.size() < shortest.size()) shortest = loop;
  }
  return shortest;
}

// The matrix units' instructions, of targets that have them.
struct MatrixUnits {
  std::string target, f16, bf16;
  std::size_t n_tiles;  // of 16 x 16, that a wave makes of one of 128 x 128
};
const MatrixUnits kMatrixUnits[] = {
    {"gfx1100", "v_wmma_f32_16x16x16_f16", "v_wmma_f32_16x16x16_bf16", 8},
    {"gfx1151", "v_wmma_f32_16x16x16_f16", "v_wmma_f32_16x16x16_bf16", 8},
    {"gfx1201", "v_wmma_f32_16x16x16_f16", "v_wmma_f32_16x16x16_bf16", 8},
    {"gfx90a", "v_mfma_f32_16x16x16f16", "v_mfma_f32_16x16x16bf16_1k", 16},
    {"gfx942", "v_mfma_f32_16x16x16_f16", "v_mfma_f32_16x16x16_bf16", 16},
};

// Of plain types one product for each part of x; F32, in three parts, has tiles of 64 x 64.
TEST(Kernels, GemmTakesTheMatrixUnits) {
  for (const MatrixUnits& units : kMatrixUnits) {
    for (const DType dtype : kAllDTypes) {
      if (!weight_type(dtype)) continue;
      const std::string type(kernel_type(dtype));
      const std::string name = "matmul_" + type + (type == "f32" ? "_gemm64" : "_gemm128");
      const bool bf16 = half_parts(*weight_type(dtype)).bf16;
      const std::string& what = bf16 ? units.bf16 : units.f16;
      const std::string loop = loop_around(kernel_text(name, units.target), name, what);
      EXPECT_GE(count(loop, what), type == "f32" ? units.n_tiles / 4 : units.n_tiles)
          << name << " of " << units.target;
      EXPECT_EQ(count(loop, "scratch_") + count(loop, "buffer_store"), 0u)
          << name << " of " << units.target;
    }
  }
}

// The part of a disassembly from the first to the last occurrence of `what`.
std::string between(const std::string& text, std::string_view what) {
  const std::size_t begin = text.find(what), end = text.rfind(what);
  return begin == std::string::npos ? "" : text.substr(begin, end - begin);
}

// Both products of attention, and no register that has to wait in memory for its turn.
TEST(Kernels, AttentionTakesTheMatrixUnits) {
  for (const int dim : {64, 96, 128}) {
    const auto d = static_cast<std::size_t>(dim);
    for (const std::string kind : {"few", "many"}) {
      const std::string name = "paged_attention_" + kind + "_f16_" + std::to_string(dim);
      const std::string text = kernel_text(name);
      const std::size_t blocks = kind == "few" ? 1 : 4096 / d / 16;  // of positions at once
      EXPECT_GE(count(text, "v_wmma_f32_16x16x16_f16"), 2 * blocks * d / 16) << name;
      const std::string loop = between(text, "v_wmma_f32_16x16x16_f16");
      EXPECT_EQ(count(loop, "scratch_"), 0u) << name;
    }
  }
}

// Of every other family both products are in the loop over positions.
TEST(Kernels, AttentionOfEveryFamilyTakesTheMatrixUnits) {
  for (const MatrixUnits& units : kMatrixUnits) {
    for (const std::string kind : {"few", "many"}) {
      const std::string name = "paged_attention_" + kind + "_f16_128";
      const std::string loop = loop_around(kernel_text(name, units.target), name, units.f16);
      EXPECT_GE(count(loop, units.f16), 8u) << name << " of " << units.target;
    }
  }
}

// Addresses are global or LDS, known when compiled; a flat access costs both.
TEST(Kernels, NoFlatAddresses) {
  for (const Kernel& k : kernels_of("gfx1100")) {
    const std::string text = disassemble(k.object, k.name);
    ASSERT_GT(count(text, "s_endpgm"), 0u) << k.name;
    EXPECT_EQ(count(text, "flat_load") + count(text, "flat_store"), 0u) << k.name;
  }
}

}  // namespace
}  // namespace rocmforge::gputest
