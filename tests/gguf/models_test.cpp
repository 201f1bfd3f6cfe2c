// Real files of other programs.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "gguf/reader.h"
#include "support/data.h"

namespace rocmforge::gguf {
namespace {

std::vector<std::string> model_files() {
  std::vector<std::string> paths;
  const std::string dir = test::data_file("models");
  if (dir.empty()) return paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (entry.path().extension() == ".gguf") paths.push_back(entry.path().string());
  }
  return paths;
}

// The type's name in "its type NAME (12) is not supported", when it is one that we do not run.
bool names_unknown_type(const std::string& message) {
  const std::string before = "its type ";
  const auto at = message.find(before);
  if (at == std::string::npos) return false;
  const auto begin = at + before.size();
  const std::string name = message.substr(begin, message.find(' ', begin) - begin);
  return !name.empty() && !dtype_from_name(name);
}

TEST(Models, EachParsesOrNamesATypeThatIsNotRun) {
  const std::vector<std::string> paths = model_files();
  if (paths.empty()) GTEST_SKIP() << "test data not found: models";
  for (const std::string& path : paths) {
    const MappedFile mapped(path);
    Counters counters;
    try {
      const File file = parse(mapped.bytes(), path, counters);
      EXPECT_GT(file.tensors().size(), 5u) << path;
      EXPECT_TRUE(file.get_string("general.architecture")) << path;
      EXPECT_GT(file.get_strings("tokenizer.ggml.tokens")->size(), 100u) << path;
      EXPECT_NE(file.find_tensor("token_embd.weight"), nullptr) << path;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kUnsupported) << e.what();
      EXPECT_TRUE(names_unknown_type(e.what())) << e.what();
    }
  }
}

std::vector<float> decoded(const File& file, const TensorInfo& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.n_elems()));
  info(tensor.dtype).decode(file.data(tensor).data(), values.data(), tensor.shape.n_elems());
  return values;
}

struct TypeCase {
  const char* name;
  double max_error;            // relative root mean square, of tensors of that type
  const char* file = nullptr;  // where it is not the type's name
};

double relative_error(const std::vector<float>& x, const std::vector<float>& exact) {
  double error = 0, sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    error += (x[i] - exact[i]) * (x[i] - exact[i]);
    sum += exact[i] * exact[i];
  }
  return std::sqrt(error / sum);
}

class QuantizedModel : public ::testing::TestWithParam<TypeCase> {};

TEST_P(QuantizedModel, DecodesNearTheBF16Model) {
  const std::string path =
      test::data_file(std::string("models/synth/llama.") +
                      (GetParam().file != nullptr ? GetParam().file : GetParam().name) + ".gguf");
  const std::string exact_path = test::data_file("models/synth/llama.BF16.gguf");
  ROCMFORGE_NEED_DATA(path, GetParam().name);
  ROCMFORGE_NEED_DATA(exact_path, "models/synth/llama.BF16.gguf");
  const MappedFile mapped(path), exact_mapped(exact_path);
  Counters counters;
  const File file = parse(mapped.bytes(), path, counters);
  const File exact = parse(exact_mapped.bytes(), exact_path, counters);
  int n_compared = 0;
  for (const TensorInfo& tensor : file.tensors()) {
    if (to_string(tensor.dtype) != GetParam().name) continue;
    const TensorInfo* reference = exact.find_tensor(tensor.name);
    ASSERT_NE(reference, nullptr) << tensor.name;
    ASSERT_EQ(reference->shape, tensor.shape) << tensor.name;
    const std::vector<float> x = decoded(file, tensor), y = decoded(exact, *reference);
    EXPECT_LT(relative_error(x, y), GetParam().max_error) << tensor.name;
    // Our encoder is no worse than the one that made the file.
    const DTypeInfo& type = info(tensor.dtype);
    const auto n = static_cast<std::int64_t>(y.size());
    std::vector<std::byte> blocks(tensor.n_bytes);
    std::vector<float> ours(y.size());
    type.encode(y.data(), blocks.data(), n);
    type.decode(blocks.data(), ours.data(), n);
    EXPECT_LE(relative_error(ours, y), 1.001 * relative_error(x, y)) << tensor.name;
    ++n_compared;
  }
  EXPECT_GT(n_compared, 5);
}

INSTANTIATE_TEST_SUITE_P(Types, QuantizedModel,
                         ::testing::Values(TypeCase{"F16", 1.8e-3}, TypeCase{"Q8_0", 6e-3},
                                           TypeCase{"Q6_K", 1.9e-2}, TypeCase{"Q4_1", 8.3e-2},
                                           TypeCase{"Q4_0", 9.1e-2}, TypeCase{"MXFP4", 0.124},
                                           TypeCase{"Q5_0", 4.5e-2}, TypeCase{"Q5_1", 4e-2},
                                           TypeCase{"Q2_K", 0.31}, TypeCase{"Q3_K", 0.16, "Q3_K_M"},
                                           TypeCase{"Q4_K", 7.5e-2, "Q4_K_M"},
                                           TypeCase{"Q5_K", 3.8e-2, "Q5_K_M"},
                                           TypeCase{"IQ4_NL", 8e-2}, TypeCase{"IQ4_XS", 8e-2}),
                         [](const auto& case_info) { return std::string(case_info.param.name); });

}  // namespace
}  // namespace rocmforge::gguf
