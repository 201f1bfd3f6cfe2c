// MXFP6 has no reference file: its error is held against what its values allow.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "quantize/made_file.h"
#include "quantize/quantize.h"
#include "support/data.h"
#include "support/temp_dir.h"

namespace rocmforge::quantize {
namespace {

// OCP MX v1.0, table 1: bits of the mantissa, exponents of the smallest normal and the largest
// value.
struct Form {
  DType type;
  int mantissa, least_exponent, largest_exponent;
};
constexpr Form kE2M3{DType::kMXFP6_E2M3, 3, 0, 2}, kE3M2{DType::kMXFP6_E3M2, 2, -2, 4};

// Of one value: the most that rounding may change it, and the mean square where values fall
// anywhere between two codes: a step's square over 12, or over 3 where one is cut to the largest
// value, at most a step below.
struct Allowed {
  double most, mean_square;
};
Allowed allowed(const Form& form, double x, double scale) {
  const double v = std::fabs(x) / scale;
  const int exponent = v > 0 ? std::max(std::ilogb(v), form.least_exponent) : form.least_exponent;
  const double step = std::ldexp(scale, exponent - form.mantissa);
  const double largest = std::ldexp(2 - std::ldexp(1.0, -form.mantissa), form.largest_exponent);
  if (v > largest) return {step, step * step / 3};
  return {step / 2, step * step / 12};
}

// Of a tensor: the bound holds for each value; the mean square, with 5 % for chance.
void expect_within(const Form& form, std::span<const float> exact, std::span<const float> after,
                   const std::string& what) {
  double error = 0, mean_square = 0;
  for (std::size_t block = 0; block < exact.size(); block += 32) {
    float largest = 0;
    for (std::size_t i = block; i < block + 32; ++i)
      largest = std::max(largest, std::fabs(exact[i]));
    if (largest == 0) continue;
    const double scale = std::ldexp(1.0, std::ilogb(largest) - form.largest_exponent);
    for (std::size_t i = block; i < block + 32; ++i) {
      const double off = double{exact[i]} - after[i];
      const Allowed a = allowed(form, exact[i], scale);
      ASSERT_LE(std::fabs(off), a.most * (1 + 1e-6)) << what << ", value " << i;
      error += off * off;
      mean_square += a.mean_square;
    }
  }
  EXPECT_LE(error, 1.05 * mean_square) << what;
  EXPECT_GT(error, 0.5 * mean_square) << what << ": less than such values can have";
}

TEST(MxError, IsThatOfTheNearestValues) {
  for (const Form& form : {kE2M3, kE3M2}) {
    constexpr std::int64_t kN = 32 * 4096;
    std::vector<float> exact(kN), after(kN);
    std::memcpy(exact.data(), normal_weights(DType::kF32, kN, 5).data(), kN * sizeof(float));
    std::vector<std::byte> blocks(static_cast<std::size_t>(bytes_of(form.type, kN)));
    info(form.type).encode(exact.data(), blocks.data(), kN);
    info(form.type).decode(blocks.data(), after.data(), kN);
    expect_within(form, exact, after, std::string(to_string(form.type)));
  }
}

TEST(MxError, OfAModelsWeightsToo) {
  const std::string path = test::data_file("models/synth/llama.BF16.gguf");
  ROCMFORGE_NEED_DATA(path, "models/synth/llama.BF16.gguf");
  const MappedFile mapped(path);
  const Parsed original(path);
  ThreadPool pool(2);
  for (const Form& form : {kE2M3, kE3M2}) {
    const test::TempDir dir;
    Wishes wishes{.file_type = find_file_type(to_string(form.type)), .rules = {}, .pure = true};
    const Plan plan = make_plan(original.file, wishes, false);
    write_quantized(std::span(&mapped, 1), plan, dir.file("mx.gguf"), pool, {});
    const Parsed ours(dir.file("mx.gguf"));
    int n_tensors = 0;
    for (const gguf::TensorInfo& tensor : ours.file.tensors()) {
      if (tensor.dtype != form.type) continue;
      ++n_tensors;
      expect_within(form, values_of(original.file, tensor.name), values_of(ours.file, tensor.name),
                    std::string(tensor.name));
    }
    EXPECT_GT(n_tensors, 10);
  }
}

}  // namespace
}  // namespace rocmforge::quantize
