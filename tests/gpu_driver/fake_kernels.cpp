#include "gpu_driver/fake_kernels.h"

#include <cctype>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "backend/gpu/ops/matmul_args.h"
#include "backend/gpu/ops/repack_args.h"
#include "tensor/dtype.h"

namespace rocmforge::test::fake {
namespace {

// Of repack_TYPE; nullptr where there is no such type.
const DTypeInfo* type_of_repack(std::string_view lower) {
  std::string name;
  for (const char c : lower) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto type = dtype_from_name(name);
  return type ? &info(*type) : nullptr;
}

// Copies the blocks as they are, one after the other from `q` on: a segment has room for them.
Command repack(std::string_view type, void** args) {
  const DTypeInfo* block = type_of_repack(type);
  if (block == nullptr) return {};
  // A unit is 32 columns of a quantized type, an element of a plain one.
  const std::int64_t unit_columns = block->is_quantized() ? 32 : 1;
  const std::int64_t units = block->block_elems / unit_columns;
  gpu::RepackArgs a;
  std::memcpy(&a, args[0], sizeof(a));
  const std::int64_t first = std::int64_t{a.first_row} * (a.cols / unit_columns) + a.first_unit;
  if (a.n <= 0 || first % units != 0 || a.n % units != 0) return {};
  const auto bytes = static_cast<std::size_t>(a.n / units * block->block_bytes);
  gpu::u8* to = a.q + first / units * block->block_bytes;
  if (!is_sound(a.from, bytes) || !is_sound(to, bytes)) return {};
  return [to, from = a.from, bytes] {
    std::memcpy(to, from, bytes);
    return true;
  };
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
