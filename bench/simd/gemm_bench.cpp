// The CPU's products with weights, one thread: every instruction set and type.
//   decode/ISA/TYPE/K:  one row of x, weights that fit no cache, passed through once and again;
//                       bytes_per_second is what it reads of them.
//   prefill/ISA/TYPE/K: 512 rows of x by 256 weight rows; items_per_second counts multiplications
//                       and additions.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "backend/cpu/simd/kernels.h"

namespace rocmforge {
namespace {

constexpr std::int64_t kWeightBytes = 256 << 20;
constexpr std::int32_t kTileRows = 64;

struct Problem {
  DType type;
  std::int64_t k;
  std::int64_t row_bytes;
  std::int64_t n_rows;
  std::int64_t n_x;
  std::vector<std::byte> w;
  std::vector<float> x;
  std::vector<std::int8_t> values;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;
  std::vector<float> out;

  Problem(DType dtype, std::int64_t columns, std::int64_t weight_rows, std::int64_t x_rows)
      : type(dtype),
        k(columns),
        row_bytes(bytes_of(dtype, columns)),
        n_rows(weight_rows),
        n_x(x_rows),
        w(static_cast<std::size_t>(row_bytes * weight_rows), std::byte{0x3c}),
        x(static_cast<std::size_t>(x_rows * columns), 0.5f),
        values(x.size(), 3),
        scales(x.size() / 32, 0.01f),
        sums(x.size() / 16, 48),
        out(static_cast<std::size_t>(x_rows * weight_rows)) {}

  cpu::GemmTile tile(std::int64_t first, std::int32_t n_w) {
    cpu::GemmTile tile;
    tile.w = w.data() + first * row_bytes;
    tile.w_stride = row_bytes;
    tile.n_w = n_w;
    tile.x = {x.data(), k, values.data(), scales.data(), sums.data()};
    tile.n_x = static_cast<std::int32_t>(n_x);
    tile.k = k;
    tile.out = out.data() + first;
    tile.out_stride = n_rows;
    return tile;
  }
};

void decode(benchmark::State& state, cpu::Isa isa, DType type, std::int64_t k) {
  const std::int64_t rows = kWeightBytes / bytes_of(type, k) / kTileRows * kTileRows;
  Problem problem(type, k, rows, 1);
  const auto gemm = cpu::kernels(isa).gemm[static_cast<std::size_t>(type)];
  std::int64_t first = 0;
  for (auto _ : state) {
    gemm(problem.tile(first, kTileRows));
    first = (first + kTileRows) % rows;
  }
  state.SetBytesProcessed(state.iterations() * kTileRows * problem.row_bytes);
}

void prefill(benchmark::State& state, cpu::Isa isa, DType type, std::int64_t k) {
  constexpr std::int32_t kRows = 256;
  Problem problem(type, k, kRows, 512);
  const auto gemm = cpu::kernels(isa).gemm[static_cast<std::size_t>(type)];
  for (auto _ : state) gemm(problem.tile(0, kRows));
  state.SetItemsProcessed(state.iterations() * 2 * kRows * problem.n_x * k);
}

}  // namespace
}  // namespace rocmforge

int main(int argc, char** argv) {
  using namespace rocmforge;
  for (const cpu::Isa isa : cpu::available_isas()) {
    for (const DType type : kAllDTypes) {
      if (type == DType::kI32) continue;
      for (const std::int64_t k : {576, 2048, 4096}) {
        if (k % info(type).block_elems != 0) continue;
        std::string name;
        name.append("/").append(cpu::to_string(isa)).append("/").append(to_string(type));
        name.append("/").append(std::to_string(k));
        benchmark::RegisterBenchmark(("decode" + name).c_str(), decode, isa, type, k);
        benchmark::RegisterBenchmark(("prefill" + name).c_str(), prefill, isa, type, k)
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
