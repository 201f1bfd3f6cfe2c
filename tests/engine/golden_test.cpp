// Models against another implementation's log-probabilities, on every instruction set of this CPU.
#include "engine/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <tuple>

#include "backend/cpu/device.h"
#include "engine/golden_case.h"
#include "engine/perplexity.h"
#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

using cpu::Isa;

MakeDevice on(Isa isa) {
  return [isa](Counters& counters) { return cpu::make_device({.isa = isa}, counters); };
}

class Golden : public ::testing::TestWithParam<std::tuple<std::string, Isa>> {};

TEST_P(Golden, PassesTheComparisonRule) {
  const auto& [name, isa] = GetParam();
  expect_golden(name, on(isa), /*always_f16=*/false);
}

std::vector<Isa> isas() {
  const auto all = cpu::available_isas();
  return {all.begin(), all.end()};
}

INSTANTIATE_TEST_SUITE_P(, Golden,
                         ::testing::Combine(::testing::ValuesIn(golden_models()),
                                            ::testing::ValuesIn(isas())),
                         [](const auto& test) {
                           return golden_test_name(std::get<0>(test.param) + "_" +
                                                   std::string(to_string(std::get<1>(test.param))));
                         });

// Nothing is left out but for a type, and the types of the first models stay.
TEST(GoldenList, LeavesOutUnknownTypesAlone) {
  const std::string folder = data_file("golden");
  ROCMFORGE_NEED_DATA(folder, "golden");
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (name.ends_with(".llamacpp") || name == "perplexity") continue;
    EXPECT_TRUE(has(recorded_models(), name)) << "no test runs golden/" << name << ".json";
  }
  for (const std::string& name : recorded_models()) {
    if (has(golden_models(), name)) continue;
    const std::string why = unknown_type(model_path(name));
    EXPECT_NE(why.find("type"), std::string::npos) << name << ": " << why;
  }
  for (const char* name :
       {"stories260K-chatglm", "tinystories-656k-qwen2", "llama.Q4_0", "llama.Q6_K", "llama.MXFP4",
        "qwen2.BF16", "qwen3.BF16", "chatglm.BF16", "glm4.BF16"}) {
    EXPECT_TRUE(has(golden_models(), name)) << name;
  }
}

TEST(GoldenPlain, ThePlainGraphPassesToo) {
  const std::string model = model_path("llama.Q4_0"), file = data_file("golden/llama.Q4_0.json");
  ROCMFORGE_NEED_DATA(model, "llama.Q4_0.gguf");
  const engine::Golden golden = cli::read_golden(file);
  const engine::Differences reference =
      engine::compare(cli::read_golden(data_file("golden/llama.Q4_0.llamacpp.json")), golden);
  Opened opened(model, on(cpu::best_isa()), DType::kF32, /*fuse=*/false);
  const engine::Differences ours = engine::compare(opened.engine, golden);
  EXPECT_TRUE(engine::judge(ours, false, DType::kF32, &reference).pass) << "rms " << ours.rms;
}

TEST(GoldenText, Stories260KGreedily) {
  const std::string model = model_path("stories260K");
  const std::string text = data_file("models/stories260K.greedy200.golden.txt");
  ROCMFORGE_NEED_DATA(model, "stories260K.gguf");
  ROCMFORGE_NEED_DATA(text, "stories260K.greedy200.golden.txt");
  for (const Isa isa : isas()) {
    Opened opened(model, on(isa), DType::kF32);
    const engine::Request request{.prompt = opened.engine.tokenizer().encode("", {}),
                                  .max_tokens = 200,
                                  .sampling = {.temperature = 0}};
    const auto result = opened.engine.generate(request, {});
    EXPECT_EQ(std::get<engine::Completion>(result).text, read_file(text)) << to_string(isa);
  }
}

// The real model on a real text: 60 chunks of 512 tokens. 23.4505 is the exact weights' figure.
class PerplexityOfSmolLM2 : public ::testing::TestWithParam<DType> {};

TEST_P(PerplexityOfSmolLM2, IsThatOfTheExactWeights) {
  const std::string model = smollm2_file(), text = data_file("eval/wiki.test.raw");
  ROCMFORGE_NEED_DATA(model, "SmolLM2 (make run fetches it)");
  ROCMFORGE_NEED_DATA(text, "eval/wiki.test.raw");
  constexpr double kExact = 23.4505;
  Opened opened(model, on(cpu::best_isa()), GetParam());
  const auto tokens = opened.engine.tokenizer().encode(read_file(text), {});
  const engine::Perplexity ours = engine::perplexity(opened.engine, tokens, 512, 60);
  const double bound = GetParam() == DType::kF32 ? 0.003 : 0.005;
  EXPECT_NEAR(ours.value / kExact, 1, bound) << ours.value;
}

INSTANTIATE_TEST_SUITE_P(, PerplexityOfSmolLM2, ::testing::Values(DType::kF16, DType::kF32),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// The rule itself: a fault must not pass.
TEST(GoldenRule, FailsWhatIsWrong) {
  using engine::Differences;
  using engine::judge;
  const Differences good{.rms = 1e-5, .max = 1e-4, .n = 20, .n_steps = 1, .n_greedy_same = 1};
  EXPECT_TRUE(judge(good, true, DType::kF32, nullptr).pass);
  Differences bad = good;
  bad.max = 2e-3;
  EXPECT_FALSE(judge(bad, true, DType::kF32, nullptr).pass);
  bad = good;
  bad.n_greedy_same = 0;
  EXPECT_FALSE(judge(bad, true, DType::kF32, nullptr).pass);
  bad = good;
  bad.rms = 0.0041;
  EXPECT_FALSE(judge(bad, true, DType::kF16, nullptr).pass);
  EXPECT_FALSE(judge(good, false, DType::kF32, nullptr).known);
  const Differences reference{.rms = 0.05};
  bad.rms = 0.0571;
  EXPECT_FALSE(judge(bad, false, DType::kF32, &reference).pass);
  bad.rms = 0.0569;
  EXPECT_TRUE(judge(bad, false, DType::kF32, &reference).pass);
  bad.rms = std::nan("");
  EXPECT_FALSE(judge(bad, false, DType::kF32, &reference).pass);
  // No rule is needed to refuse what is no number.
  EXPECT_TRUE(judge(bad, false, DType::kF32, nullptr).known);
  EXPECT_FALSE(judge(bad, false, DType::kF32, nullptr).pass);
}

}  // namespace
}  // namespace rocmforge::test
