// A model held against its recording by the comparison rule, on any device.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "cli/json.h"
#include "engine/engine.h"
#include "engine/golden.h"
#include "gguf/reader.h"
#include "support/data.h"

namespace rocmforge::test {

using MakeDevice = std::function<std::unique_ptr<backend::Device>(Counters&)>;

// Files relative to the test data; the real model lies elsewhere. Empty when there is none.
inline std::string model_path(const std::string& name) {
  if (name.starts_with("SmolLM2")) return smollm2_file();
  const std::string path = data_file("models/" + name + ".gguf");
  return !path.empty() ? path : data_file("models/synth/" + name + ".gguf");
}

// The models that there are recordings of: every golden/NAME.json.
inline const std::vector<std::string>& recorded_models() {
  static const std::vector<std::string> names = {"stories260K",
                                                 "stories260K-chatglm",
                                                 "tinystories-656k-llama",
                                                 "llama.BF16",
                                                 "llama.F16",
                                                 "tinystories-656k-qwen2",
                                                 "llama.Q8_0",
                                                 "llama.Q4_0",
                                                 "llama.Q4_1",
                                                 "llama.Q5_0",
                                                 "llama.Q5_1",
                                                 "llama.Q2_K",
                                                 "llama.Q3_K_M",
                                                 "llama.Q4_K_M",
                                                 "llama.Q5_K_M",
                                                 "llama.Q6_K",
                                                 "llama.IQ4_NL",
                                                 "llama.IQ4_XS",
                                                 "llama.MXFP4",
                                                 "qwen2.BF16",
                                                 "qwen2.Q4_K_M",
                                                 "qwen3.BF16",
                                                 "qwen3.Q4_K_M",
                                                 "chatglm.BF16",
                                                 "chatglm.Q4_K_M",
                                                 "glm4.BF16",
                                                 "glm4.Q4_K_M",
                                                 "SmolLM2-135M-Instruct.Q4_1"};
  return names;
}

// The type that keeps a model from being read, as the reader's refusal says; empty when it is read.
inline std::string unknown_type(const std::string& path) {
  Counters counters;
  const MappedFile file(path);
  try {
    gguf::parse(file.bytes(), path, counters);
    return "";
  } catch (const Error& e) {
    if (e.code() == ErrorCode::kUnsupported) return e.what();
    throw;
  }
}

// Those whose types all exist (a type comes with its arithmetic on every device): a model joins
// when its last type does. Those that are not there are kept, to be skipped with a reason.
inline const std::vector<std::string>& golden_models() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const std::string& name : recorded_models()) {
      const std::string path = model_path(name);
      if (path.empty() || unknown_type(path).empty()) out.push_back(name);
    }
    return out;
  }();
  return names;
}

struct Opened {
  Opened(const std::string& path, const MakeDevice& make, DType kv, bool fuse = true)
      : device(make(counters)),
        engine({.path = path, .n_ctx = 512, .kv_dtype = kv, .fuse = fuse}, *device, counters) {}
  Counters counters;
  std::unique_ptr<backend::Device> device;
  engine::Engine engine;
};

// A recording's prompts; of all of them the one numbered ROCMFORGE_GOLDEN_PROMPT, where that is
// set: what takes minutes on the emulated card is held there by one prompt.
inline engine::Golden read_golden_prompts(const std::string& file) {
  engine::Golden golden = cli::read_golden(file);
  const char* only = std::getenv("ROCMFORGE_GOLDEN_PROMPT");
  if (only == nullptr) return golden;
  return {golden.at(std::stoul(only))};
}

inline std::int64_t n_recorded(const engine::Golden& golden) {
  std::int64_t n = 0;
  for (const engine::GoldenPrompt& prompt : golden) {
    for (const engine::GoldenStep& step : prompt.steps) n += std::ssize(step.top_ids);
  }
  return n;
}

// Skips the test where data is missing. F16 KV is asked of F32 files alone, unless `always_f16`.
inline void expect_golden(const std::string& name, const MakeDevice& make, bool always_f16) {
  const std::string model = model_path(name), file = data_file("golden/" + name + ".json");
  ROCMFORGE_NEED_DATA(model, name + ".gguf");
  ROCMFORGE_NEED_DATA(file, "golden/" + name + ".json");
  const engine::Golden golden = read_golden_prompts(file);
  const std::string reference_file = data_file("golden/" + name + ".llamacpp.json");
  engine::Differences reference;
  if (!reference_file.empty()) {
    reference = engine::compare(read_golden_prompts(reference_file), golden);
  }
  for (const DType kv : {DType::kF32, DType::kF16}) {
    SCOPED_TRACE(std::string(to_string(kv)) + " KV");
    Opened opened(model, make, kv);
    const auto& tensors = opened.engine.file().tensors();
    const bool all_f32 = std::all_of(tensors.begin(), tensors.end(),
                                     [](const auto& t) { return t.dtype == DType::kF32; });
    ASSERT_EQ(all_f32, reference_file.empty());
    if (kv == DType::kF16 && !all_f32 && !always_f16) return;
    const engine::Differences ours = engine::compare(opened.engine, golden);
    const engine::Verdict verdict =
        engine::judge(ours, all_f32, kv, all_f32 ? nullptr : &reference);
    EXPECT_TRUE(verdict.known && verdict.pass)
        << verdict.rule << "; rms " << ours.rms << ", max " << ours.max;
    EXPECT_EQ(ours.n, n_recorded(golden));
    EXPECT_GT(ours.n, golden.size() == 1 ? 900 : 1000);
    testing::Test::RecordProperty("rms_" + std::string(to_string(kv)), std::to_string(ours.rms));
  }
}

inline std::string golden_test_name(std::string name) {
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
}

}  // namespace rocmforge::test
