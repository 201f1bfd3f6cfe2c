// Whole models on the first GPU: recorded log-probabilities, a known text, the plain graph, and the
// promises of a step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#include "backend/cpu/device.h"
#include "engine/golden_case.h"
#include "engine/sequence.h"
#include "gpu/found.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace rocmforge::test {
namespace {

std::unique_ptr<backend::Device> make_gpu(Counters& counters) {
  return gpu::make_device(*first_gpu(), counters);
}

// How steps of up to 64 rows run, for the life of the object; then as the environment had it.
class Replay {
 public:
  explicit Replay(const char* how) {
    if (const char* before = std::getenv(kName)) before_ = before;
    ::setenv(kName, how, 1);
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;
  ~Replay() {
    if (before_) {
      ::setenv(kName, before_->c_str(), 1);
    } else {
      ::unsetenv(kName);
    }
  }

 private:
  static constexpr const char* kName = "ROCMFORGE_GPU_GRAPH";
  std::optional<std::string> before_;
};

class GpuGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(GpuGolden, PassesTheComparisonRule) {
  ROCMFORGE_NEED_GPU();
  expect_golden(GetParam(), make_gpu, /*always_f16=*/true);
}

INSTANTIATE_TEST_SUITE_P(, GpuGolden, ::testing::ValuesIn(golden_models()),
                         [](const auto& test) { return golden_test_name(test.param); });

TEST(GpuGoldenPlain, ThePlainGraphPassesToo) {
  ROCMFORGE_NEED_GPU();
  const std::string model = model_path("llama.Q4_0"), file = data_file("golden/llama.Q4_0.json");
  ROCMFORGE_NEED_DATA(model, "llama.Q4_0.gguf");
  const engine::Golden golden = cli::read_golden(file);
  const engine::Differences reference =
      engine::compare(cli::read_golden(data_file("golden/llama.Q4_0.llamacpp.json")), golden);
  Opened opened(model, make_gpu, DType::kF32, /*fuse=*/false);
  const engine::Differences ours = engine::compare(opened.engine, golden);
  EXPECT_TRUE(engine::judge(ours, false, DType::kF32, &reference).pass) << "rms " << ours.rms;
}

TEST(GpuGoldenText, Stories260KGreedily) {
  ROCMFORGE_NEED_GPU();
  const std::string model = model_path("stories260K");
  const std::string text = data_file("models/stories260K.greedy200.golden.txt");
  ROCMFORGE_NEED_DATA(model, "stories260K.gguf");
  ROCMFORGE_NEED_DATA(text, "stories260K.greedy200.golden.txt");
  for (const char* how : {"0", "1"}) {
    const Replay replay(how);
    Opened opened(model, make_gpu, DType::kF32);
    const engine::Request request{.prompt = opened.engine.tokenizer().encode("", {}),
                                  .max_tokens = 200,
                                  .sampling = {.temperature = 0}};
    const auto result = opened.engine.generate(request, {});
    EXPECT_EQ(std::get<engine::Completion>(result).text, read_file(text)) << "replay " << how;
  }
}

// Shapes of many tiles and contexts of several splits: logits of a long prompt's end and of single
// steps after it, against the CPU's.
class GpuAgainstCpu : public ::testing::TestWithParam<DType> {};

using Logits = std::vector<std::vector<float>>;

Logits logits_after(engine::Engine& engine, std::int32_t n_prompt, std::int32_t n_steps) {
  std::vector<text::TokenId> tokens;
  for (std::int32_t i = 0; i < n_prompt + n_steps; ++i) tokens.push_back(3 + i * 37 % 280);
  Logits out;
  const auto keep = [&](std::int32_t, std::span<const float> logits) {
    out.emplace_back(logits.begin(), logits.end());
  };
  engine::Sequence sequence(engine.runner());
  const std::span<const text::TokenId> all(tokens);
  const auto n = static_cast<std::size_t>(n_prompt);
  EXPECT_TRUE(sequence.append(all.first(n), n_prompt - 1, keep));
  for (std::size_t i = n; i < all.size(); ++i) {
    EXPECT_TRUE(sequence.append(all.subspan(i, 1), static_cast<std::int32_t>(i), keep));
  }
  return out;
}

// Root mean square of the differences, as a share of that of `want`.
double relative(const std::vector<float>& got, const std::vector<float>& want) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double d = static_cast<double>(got.at(i)) - static_cast<double>(want[i]);
    difference += d * d;
    size += static_cast<double>(want[i]) * static_cast<double>(want[i]);
  }
  return std::sqrt(difference / size);
}

TEST_P(GpuAgainstCpu, LongPromptsAndLargeShapesAgree) {
  ROCMFORGE_NEED_GPU();
  TempDir dir;
  const TinyModel shape = {.n_layers = 3,
                           .dim = 512,
                           .n_heads = 8,
                           .n_kv_heads = 2,
                           .n_ff = 1536,
                           .n_ctx = 2048,
                           .matrix = GetParam(),
                           .biases = true};
  const std::string path = write_tiny_model(dir.file("model.gguf"), shape);
  const engine::EngineOptions options = {.path = path, .n_ctx = 2048};
  Counters counters;
  const auto cpu = cpu::make_device({}, counters);
  engine::Engine reference(options, *cpu, counters);
  const auto gpu = make_gpu(counters);
  engine::Engine engine(options, *gpu, counters);
  // Activations beside quantized weights are rounded: to int8 on the CPU and for few rows here, to
  // halves for many. Beside plain ones they keep near F32, and attention's halves are what is left:
  // with these the recorded goldens of F16 and BF16 are off by 1e-3, without them by 1e-5
  // (bench/results/nvidia-h200/goldens.json).
  const bool quantized = info(GetParam()).is_quantized();
  const double bound = quantized ? 0.05 : GetParam() == DType::kF32 ? 2e-3 : 5e-3;
  for (const std::int32_t n_prompt : {9, 77, 650, 1100}) {
    const Logits want = logits_after(reference, n_prompt, 3);
    const Logits got = logits_after(engine, n_prompt, 3);
    ASSERT_EQ(got.size(), 4U);
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      worst = std::max(worst, relative(got[i], want.at(i)));
    }
    EXPECT_LT(worst, bound) << "after a prompt of " << n_prompt;
    RecordProperty("worst_" + std::to_string(n_prompt), std::to_string(worst));
  }
}

INSTANTIATE_TEST_SUITE_P(, GpuAgainstCpu,
                         ::testing::Values(DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0,
                                           DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                                           DType::kQ2_K, DType::kQ3_K, DType::kQ4_K, DType::kQ5_K,
                                           DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS,
                                           DType::kMXFP6_E2M3, DType::kMXFP6_E3M2, DType::kMXFP4),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// A step builds, binds and allocates nothing; decode has 5 launches a layer plus 4.
TEST(GpuCounters, HoldOverAGenerationOf64Tokens) {
  ROCMFORGE_NEED_GPU();
  TempDir dir;
  for (const char* how : {"0", "1"}) {
    const Replay replay(how);
    Opened opened(write_tiny_model(dir.file("tiny.gguf"), {.matrix = DType::kQ8_0}), make_gpu,
                  DType::kF16);
    const CounterValues loaded = opened.counters.read();
    EXPECT_EQ(loaded.file_parses, 1U);
    EXPECT_GT(loaded.weight_binds, 0U);
    const engine::Request request{.prompt = opened.engine.tokenizer().encode("hello", {}),
                                  .max_tokens = 64,
                                  .sampling = {.temperature = 0},
                                  .ignore_eos = true};
    const auto result = std::get<engine::Completion>(opened.engine.generate(request, {}));
    EXPECT_EQ(result.tokens.size(), 64U) << result.error;
    const CounterValues delta = opened.counters.read() - loaded;
    EXPECT_EQ(delta.graph_builds + delta.weight_binds + delta.device_allocations, 0U);
    EXPECT_EQ(delta.steps, 64U);
    EXPECT_EQ(delta.head_runs, 64U);
    const auto layers = static_cast<std::uint64_t>(opened.engine.params().n_layers);
    EXPECT_LE(delta.dispatches, 64 * (5 * layers + 4)) << "the budget of a decode step";
  }
}

// The measured choice is one of the two ways, and gives what they give.
TEST(GpuReplay, MeasuredOrForcedItGivesTheSame) {
  ROCMFORGE_NEED_GPU();
  TempDir dir;
  const std::string path = write_tiny_model(dir.file("tiny.gguf"), {.matrix = DType::kQ4_0});
  std::vector<std::vector<text::TokenId>> answers;
  for (const char* how : {"", "0", "1"}) {
    const Replay replay(how);
    Opened opened(path, make_gpu, DType::kF16);
    const engine::Request request{.prompt = opened.engine.tokenizer().encode("hello hello", {}),
                                  .max_tokens = 40,
                                  .sampling = {.temperature = 0},
                                  .ignore_eos = true};
    answers.push_back(std::get<engine::Completion>(opened.engine.generate(request, {})).tokens);
  }
  EXPECT_EQ(answers[1], answers[0]);
  EXPECT_EQ(answers[2], answers[0]);
}

}  // namespace
}  // namespace rocmforge::test
