#include "gpu_driver/fake_kernels.h"

#include <cstdint>
#include <cstring>
#include <string_view>

#include "backend/gpu/ops/matmul_args.h"
#include "backend/gpu/ops/repack_args.h"

namespace rocmforge::test::fake {
namespace {

// Copies the blocks as they are, one after the other from `q` on: a segment has room for them.
Command repack(std::string_view type, void** args) {
  struct Blocks {
    std::string_view type;
    std::size_t bytes, units, unit_columns;
  };
  constexpr Blocks kBlocks[] = {{"f32", 4, 1, 1},     {"f16", 2, 1, 1},    {"bf16", 2, 1, 1},
                                {"q4_0", 18, 1, 32},  {"q4_1", 20, 1, 32}, {"q8_0", 34, 1, 32},
                                {"mxfp4", 17, 1, 32}, {"q6_k", 210, 8, 32}};
  gpu::RepackArgs a;
  std::memcpy(&a, args[0], sizeof(a));
  for (const Blocks& b : kBlocks) {
    if (type != b.type) continue;
    const auto row_units = static_cast<std::size_t>(a.cols) / b.unit_columns;
    const auto first =
        static_cast<std::size_t>(a.first_row) * row_units + static_cast<std::size_t>(a.first_unit);
    gpu::u8* to = a.q + first / b.units * b.bytes;
    const std::size_t bytes = static_cast<std::size_t>(a.n) / b.units * b.bytes;
    if (a.n <= 0 || first % b.units != 0 || static_cast<std::size_t>(a.n) % b.units != 0 ||
        !is_sound(a.from, bytes) || !is_sound(to, bytes)) {
      return {};
    }
    return [to, from = a.from, bytes] {
      std::memcpy(to, from, bytes);
      return true;
    };
  }
  return {};
}

// ops/probe_args.h, on waves of 32.
Command probe(const Launch& shape, void** args) {
  std::uint64_t to = 0;  // its argument's first member
  std::memcpy(&to, args[0], sizeof(to));
  const unsigned n = shape.grid[0] * shape.block[0] * shape.block[1] * shape.block[2];
  return [to, n] {
    for (unsigned i = 0; i < n; ++i) reinterpret_cast<std::uint32_t*>(to)[i] = 3 * i + 32;
    return true;
  };
}

Command add(void** args) {
  if (args == nullptr) return {};
  AddArgs a;
  std::memcpy(&a, args[0], sizeof(a));
  return [a] {
    auto* words = reinterpret_cast<std::uint32_t*>(a.address);
    for (std::uint32_t i = 0; i < a.n; ++i) words[i] += a.value;
    return true;
  };
}

}  // namespace

Command work_of(const std::string& kernel, bool computes, const Launch& shape, void** args) {
  constexpr std::string_view kRepack = "repack_";
  if (kernel == "hang") return [] { return false; };
  if (kernel == "probe" && computes) return probe(shape, args);
  if (kernel.starts_with(kRepack)) return repack(kernel.substr(kRepack.size()), args);
  if (kernel == "add") return add(args);
  return [] { return true; };
}

void* result_of_matmul(void** args) {
  gpu::MatMulArgs a;
  std::memcpy(&a, args[0], sizeof(a));
  return a.y;
}

}  // namespace rocmforge::test::fake
