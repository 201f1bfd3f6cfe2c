// Every case of the op table on the first GPU, against the reference in double precision; launched
// one by one and replayed, which must agree to the bit.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/matmul_args.h"
#include "gpu/found.h"
#include "op/cases.h"
#include "op/errors.h"
#include "op/harness.h"
#include "op/reference.h"

namespace rocmforge::optest {
namespace {

std::unique_ptr<backend::Device> make_device(const char* replay) {
  static Counters counters;
  ::setenv("ROCMFORGE_GPU_GRAPH", replay, 1);
  return gpu::make_device(*test::first_gpu(), counters);
}

// One device for all cases: the kernels are loaded once.
Result run_launched(const Problem& problem) {
  static const std::unique_ptr<backend::Device> device = make_device("0");
  return run(problem, *device);
}
Result run_replayed(const Problem& problem) {
  static const std::unique_ptr<backend::Device> device = make_device("1");
  return run(problem, *device);
}

// Of Allowed::int8, for a result of so many rows. Many rows meet quantized weights in halves where
// there are matrix units for them: BF16, the coarser one, rounds a value by 2^-9 of itself, int8 by
// 1/254 of the largest of 32.
double share_of_int8(std::size_t n_rows) {
  const gpu::ArchInfo arch = gpu::arch_info(test::first_gpu()->properties.target, 1);
  return n_rows > gpu::kFewRowsMost && arch.matrix_units ? 0.5 : 1;
}

class GpuOpCase : public testing::TestWithParam<std::size_t> {};

TEST_P(GpuOpCase, MatchesTheReference) {
  ROCMFORGE_NEED_GPU();
  const Case& c = cases()[GetParam()];
  const Problem problem = c.make();
  const Reference want = evaluate(problem);
  const Result got = run_launched(problem);
  EXPECT_EQ(got.taps.size(), want.taps.size());
  for (const auto& [tap, tensor] : want.taps) {
    const auto cols = static_cast<std::size_t>(tensor.cols());
    std::vector<double> allowed = want.allowed.at(tap).int8;
    for (double& a : allowed) a *= share_of_int8(tensor.data.size() / cols);
    EXPECT_LE(worst_error(got.taps.at(tap), tensor.data, cols, c.size, allowed),
              c.gpu_tolerance > 0 ? c.gpu_tolerance : c.tolerance)
        << c.name << " " << tap;
  }
  if (!got.kv.empty()) {
    const auto cols = static_cast<std::size_t>(problem.kv_layout.head_dim);
    // Sums in another order, and the rounding to F16.
    const double bound = problem.kv_layout.dtype == DType::kF16 ? 1e-3 : 1e-5;
    EXPECT_LE(worst_error(got.kv, want.kv, cols), bound) << c.name;
  }
  EXPECT_TRUE(got == run_replayed(problem)) << c.name << ": replayed, it gives another result";
}

std::string test_name(const testing::TestParamInfo<std::size_t>& param) {
  std::string name = cases()[param.param].name;
  for (char& ch : name) {
    if (std::isalnum(static_cast<unsigned char>(ch)) == 0) ch = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Gpu, GpuOpCase, testing::Range(std::size_t{0}, cases().size()), test_name);

}  // namespace
}  // namespace rocmforge::optest
