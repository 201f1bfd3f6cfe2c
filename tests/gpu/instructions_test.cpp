// The disassembly of one target of each AMD family: the hot loops hold the instructions they are
// meant to.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "backend/gpu/ops/matmul_args.h"
#include "backend/gpu/ops/weight_layout.h"
#include "gpu/kernel_objects.h"

namespace rocmforge::gputest {
namespace {

using namespace rocmforge::gpu;

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

// Without matrix units quantized products are integer dots, 8 for 32 columns of each output, and
// plain ones dots of halves. "v_dot4c" adds to what its first operand holds.
TEST(Kernels, GemmWithoutMatrixUnitsIsOfDots) {
  const std::string target = "gfx1030";
  for (const DType dtype : kAllDTypes) {
    if (!weight_type(dtype) || !many_in_int8(*weight_type(dtype), false)) continue;
    const DotParts parts = dot_parts(*weight_type(dtype));
    for (const std::int32_t x : kGemmTiles) {
      const std::string name =
          "matmul_" + std::string(kernel_type(dtype)) + "_gemm" + std::to_string(x);
      const std::string text = kernel_text(name, target);
      const std::string loop = loop_around(text, name, "v_dot4");
      const GemmTile tile = dot_tile(x, parts);
      const auto outputs =
          static_cast<std::size_t>(tile.w * tile.x / (tile.waves_w * tile.waves_x));
      const auto dots = static_cast<std::size_t>(8 * parts.codes) * (outputs / 32);
      EXPECT_EQ(count(loop, "v_dot4_i32_i8") + count(loop, "v_dot4c_i32_i8"), dots) << name;
      EXPECT_EQ(count(text, "v_dot2"), 0u) << name;
      EXPECT_EQ(count(loop, "scratch_") + count(loop, "buffer_store") + count(loop, "flat_"), 0u)
          << name;
    }
  }
  const std::string plain = kernel_text("matmul_f16_gemm128", target);
  EXPECT_GE(count(loop_around(plain, "matmul_f16_gemm128", "v_dot2c_f32_f16"), "v_dot2c_f32_f16"),
            8u);
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
