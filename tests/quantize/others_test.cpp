// Our files beside those that llama.cpp made of the same model.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "quantize/made_file.h"
#include "quantize/quantize.h"
#include "support/data.h"
#include "support/temp_dir.h"

namespace rocmforge::quantize {
namespace {

double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

struct Pair {
  const char *original, *theirs;
};

class Others : public ::testing::TestWithParam<Pair> {};

// The type of each tensor is the same, and the tensors of each type are together no further from
// the original than theirs.
TEST_P(Others, IsNoFurtherFromTheOriginal) {
  const std::string folder = "models/synth/";
  const std::string original_path = test::data_file(folder + GetParam().original);
  const std::string theirs_path = test::data_file(folder + GetParam().theirs);
  ROCMFORGE_NEED_DATA(original_path, GetParam().original);
  ROCMFORGE_NEED_DATA(theirs_path, GetParam().theirs);
  const MappedFile mapped(original_path);
  const Parsed original(original_path), theirs(theirs_path);

  const std::string name = GetParam().theirs;
  const std::string type = name.substr(name.find('.') + 1, name.rfind('.') - name.find('.') - 1);
  Wishes wishes{.file_type = find_file_type(type), .rules = {}};
  ASSERT_NE(wishes.file_type, nullptr) << type;
  if (type == "MXFP4") wishes.rules.emplace_back(".*=mxfp4");
  const Plan plan = make_plan(original.file, wishes, false);
  test::TempDir dir;
  const std::string path = dir.file("ours.gguf");
  ThreadPool pool(2);
  write_quantized(std::span(&mapped, 1), plan, path, pool, {});

  const Parsed ours(path);
  struct Sums {
    double ours = 0, theirs = 0;
  };
  std::map<DType, Sums> by_type;
  for (const gguf::TensorInfo& tensor : ours.file.tensors()) {
    const gguf::TensorInfo* other = theirs.file.find_tensor(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    EXPECT_EQ(tensor.dtype, other->dtype) << tensor.name;
    const std::vector<float> exact = values_of(original.file, tensor.name);
    Sums& sums = by_type[tensor.dtype];
    sums.ours += squared_distance(values_of(ours.file, tensor.name), exact);
    sums.theirs += squared_distance(values_of(theirs.file, tensor.name), exact);
  }
  EXPECT_TRUE(by_type.contains(wishes.file_type->type));
  for (const auto& [dtype, sums] : by_type) {
    EXPECT_LE(sums.ours, sums.theirs) << to_string(dtype);
    EXPECT_TRUE(sums.theirs > 0 || !info(dtype).is_quantized()) << to_string(dtype);
    RecordProperty(std::string(to_string(dtype)), std::to_string(sums.ours / sums.theirs));
  }
  if (type != "MXFP4") {
    EXPECT_EQ(ours.file.get_u64("general.file_type"), theirs.file.get_u64("general.file_type"));
  }
  EXPECT_EQ(ours.file.get_u64("general.quantization_version"), 2u);
}

constexpr Pair kPairs[] = {
    {"llama.BF16.gguf", "llama.F16.gguf"},        {"llama.BF16.gguf", "llama.IQ4_NL.gguf"},
    {"llama.BF16.gguf", "llama.IQ4_XS.gguf"},     {"llama.BF16.gguf", "llama.MXFP4.gguf"},
    {"llama.BF16.gguf", "llama.Q2_K.gguf"},       {"llama.BF16.gguf", "llama.Q3_K_M.gguf"},
    {"llama.BF16.gguf", "llama.Q4_0.gguf"},       {"llama.BF16.gguf", "llama.Q4_1.gguf"},
    {"llama.BF16.gguf", "llama.Q4_K_M.gguf"},     {"llama.BF16.gguf", "llama.Q5_0.gguf"},
    {"llama.BF16.gguf", "llama.Q5_1.gguf"},       {"llama.BF16.gguf", "llama.Q5_K_M.gguf"},
    {"llama.BF16.gguf", "llama.Q6_K.gguf"},       {"llama.BF16.gguf", "llama.Q8_0.gguf"},
    {"chatglm.BF16.gguf", "chatglm.Q4_K_M.gguf"}, {"glm4.BF16.gguf", "glm4.Q4_K_M.gguf"},
    {"qwen2.BF16.gguf", "qwen2.Q4_K_M.gguf"},     {"qwen3.BF16.gguf", "qwen3.Q4_K_M.gguf"}};

std::string name_of(const ::testing::TestParamInfo<Pair>& pair) {
  std::string name = pair.param.theirs;
  name.resize(name.rfind('.'));
  name[name.find('.')] = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(LlamaCpp, Others, ::testing::ValuesIn(kPairs), name_of);

}  // namespace
}  // namespace rocmforge::quantize
