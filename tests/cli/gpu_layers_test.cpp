// --gpu-layers: its spellings, and what is said where there is no GPU.
#include <algorithm>
#include <boost/json.hpp>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

using GpuLayers = Cli;

bool has_gpu() {
  const auto found = boost::json::parse(run_rocmforge({"devices", "--json"}).out);
  return found.at("devices").as_array().size() > 1;
}

TEST_F(GpuLayers, EverySpellingIsUnderstood) {
  const std::vector<std::vector<std::string>> spellings = {
      {"-ngl", "99"},          {"--gpu-layers", "1"},    {"--n-gpu-layers", "99"},
      {"--gpu-layers=all"},    {"--gpu-layers", "auto"}, {"-ngl", "all"},
      {"--n-gpu-layers=auto"},
  };
  for (const auto& words : spellings) {
    std::vector<std::string> args = {"generate", "--gguf", model(), "-p", "hello", "-n", "2"};
    args.insert(args.end(), words.begin(), words.end());
    const Outcome o = run_rocmforge(args);
    EXPECT_TRUE(succeeded(o)) << words[0];
    if (has_gpu()) continue;
    EXPECT_NE(o.err.find("every layer runs on the CPU"), std::string::npos) << o.err;
    EXPECT_NE(o.err.find("there is no GPU"), std::string::npos) << o.err;
  }
}

TEST_F(GpuLayers, NoneOnTheGpuNeedsNoWord) {
  for (const char* device : {"auto", "cpu"}) {
    const Outcome o = run_rocmforge(
        {"generate", "--gguf", model(), "-p", "hello", "-n", "2", "--device", device, "-ngl", "0"});
    EXPECT_TRUE(succeeded(o)) << device;
    EXPECT_EQ(o.err.find("--gpu-layers"), std::string::npos) << o.err;
  }
}

TEST_F(GpuLayers, ADeviceThatIsNotThereIsRefusedWithoutLayersToo) {
  for (const char* device : {"cuda:99", "hip:99"}) {
    for (const char* layers : {"0", "1"}) {
      EXPECT_TRUE(failed(run(generate("hi", {"-n", "2", "--device", device, "-ngl", layers})),
                         {"--device", device, "there is no such device"}));
    }
  }
}

TEST_F(GpuLayers, TheCpuThatWasAskedForRunsAll) {
  const Outcome o = run_rocmforge(
      {"generate", "--gguf", model(), "-p", "hello", "-n", "2", "--device", "cpu", "-ngl", "7"});
  EXPECT_TRUE(succeeded(o));
  EXPECT_NE(o.err.find("--gpu-layers 7: --device cpu was asked for"), std::string::npos) << o.err;
}

TEST_F(GpuLayers, OtherWordsAreRefused) {
  for (const char* word : {"-1", "some", "1.5", "0x10", "99999999999", ""}) {
    EXPECT_TRUE(
        misused(run_rocmforge({"generate", "--gguf", model(), "-p", "hello", "--gpu-layers", word}),
                {"--gpu-layers", "all or auto"}))
        << word;
  }
  EXPECT_TRUE(misused(run_rocmforge({"generate", "--gguf", model(), "-p", "x", "-ngl"}),
                      {"--gpu-layers: its value is missing"}));
  EXPECT_TRUE(misused(
      run_rocmforge({"generate", "--gguf", model(), "-p", "x", "-ngl", "0", "--device", "gpu"}),
      {"--device", "\"gpu\""}));
}

// The tiny model was trained for 512 tokens.
TEST_F(GpuLayers, AContextBeyondTheTrainedOneIsWarnedOf) {
  const auto words = [this](const char* ctx) {
    const Outcome o = run(generate("hi", {"-n", "2", "--device", "cpu", "--ctx", ctx}));
    EXPECT_TRUE(succeeded(o));
    return o.err;
  };
  EXPECT_EQ(words("512").find("trained for"), std::string::npos);
  EXPECT_NE(words("513").find("trained for 512 tokens of context, asked for 513 (--ctx)\n"),
            std::string::npos);
}

// A text of that name is a text.
TEST_F(GpuLayers, APromptMayLookLikeIt) {
  EXPECT_TRUE(succeeded(run_rocmforge({"tokenize", "--gguf", model(), "--", "-ngl"})));
}

TEST_F(GpuLayers, TheBenchmarkReportsThem) {
  const Outcome o = run_rocmforge(
      {"bench", "--gguf", model(), "-p", "4", "-n", "0", "-r", "1", "-o", "json", "-ngl", "0"});
  ASSERT_TRUE(succeeded(o));
  const auto rows = boost::json::parse(o.out);
  EXPECT_EQ(rows.as_array().at(0).as_object().at("n_gpu_layers").as_int64(), 0);
}

#ifdef FAKE_CUDA
TEST_F(GpuLayers, ADeviceThatIsThereMayBeLeftWithoutLayers) {
  for (const char* device : {"cuda", "cuda:0", "cuda:1"}) {
    Command command = generate("hi", {"-n", "2", "--device", device, "-ngl", "0"});
    command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
    if (std::string(device) == "cuda:1") {
      EXPECT_TRUE(failed(run(command), {"cuda:1", "there is no such device", "cuda:0 Fake GPU"}));
    } else {
      EXPECT_TRUE(succeeded(run(command))) << device;
    }
  }
}

TEST_F(GpuLayers, TheLogAndTheBenchmarkSayWhichLayersAreWhere) {
  if (ROCMFORGE_TEST_KERNELS == 0) GTEST_SKIP() << "built without kernels for the fake card";
  Command command = rocmforge(
      {"bench", "--gguf", model(), "-p", "4", "-n", "0", "-r", "1", "-o", "json", "-ngl", "1"});
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  command.env["ROCMFORGE_LOG_LEVEL"] = "info";
  const Outcome o = run(command);
  ASSERT_TRUE(succeeded(o));
  EXPECT_EQ(boost::json::parse(o.out).as_array().at(0).at("n_gpu_layers").as_int64(), 1);
  EXPECT_NE(o.err.find("; 1 layers on "), std::string::npos) << o.err;
  EXPECT_NE(o.err.find(", 1 on Fake GPU"), std::string::npos) << o.err;

  // The CPU's share is reported as by itself.
  const auto row = boost::json::parse(o.out).at(0);
  const Outcome alone = run_rocmforge({"bench", "--gguf", model(), "-p", "4", "-n", "0", "-r", "1",
                                       "-o", "json", "--device", "cpu"});
  const auto cpu = boost::json::parse(alone.out).at(0);
  EXPECT_EQ(row.at("cpu_info"), cpu.at("cpu_info"));
  EXPECT_EQ(row.at("n_threads"), cpu.at("n_threads"));
  *std::find(command.argv.begin(), command.argv.end(), "json") = "md";
  const Outcome table = run(command);
  EXPECT_NE(table.out.find(std::string(cpu.at("cpu_info").as_string()) + " and Fake GPU"),
            std::string::npos)
      << to_string(table);
}

TEST_F(GpuLayers, WhatDoesNotFitIsRefusedWithWhatDoes) {
  if (ROCMFORGE_TEST_KERNELS == 0) GTEST_SKIP() << "built without kernels for the fake card";
  Command command = generate("hi", {"-n", "2", "--device", "cuda", "--ctx", "9000000"});
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  EXPECT_TRUE(failed(run(command), {"needs ", " are free", "would fit: --ctx ", "--gpu-layers 0"}));
}

TEST_F(GpuLayers, WhereNothingWasAskedForAsManyAsFitAreOnTheCard) {
  if (ROCMFORGE_TEST_KERNELS == 0) GTEST_SKIP() << "built without kernels for the fake card";
  Command command = generate("hi", {"-n", "2", "--ctx", "4000000"});
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  command.env["ROCMFORGE_LOG_LEVEL"] = "info";
  const Outcome o = run(command);
  ASSERT_TRUE(succeeded(o));
  EXPECT_NE(o.err.find("running with as many layers as fit"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find(", 1 on Fake GPU"), std::string::npos) << o.err;
  // Two were asked for: neither fewer nor the CPU.
  command = generate("hi", {"-n", "2", "--ctx", "4000000", "-ngl", "2"});
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  EXPECT_TRUE(failed(run(command), {"would fit: ", "--gpu-layers 1"}));
}
#endif

}  // namespace
}  // namespace rocmforge::test
