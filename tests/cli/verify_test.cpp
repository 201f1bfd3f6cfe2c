// `rocmforge verify`: verdicts, forms, and what a golden may not be.
#include <boost/json.hpp>

#include "cli/program.h"
#include "support/data.h"

namespace rocmforge::test {
namespace {

class Verify : public Cli {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    const std::string path = dir_.file(name);
    write_text(path, text);
    return path;
  }
  Outcome verify(const std::string& golden, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"verify", "--gguf", model(), "--golden", golden});
    return run_rocmforge(more);
  }
};

constexpr const char* kFarOff =
    R"([{"prompt": [1, 260], "steps": [{"id": 261, "top": [[261, -0.5], [262, -40]]}]}])";

TEST_F(Verify, AFarOffGoldenFails) {
  const Outcome o = verify(file("golden.json", kFarOff));
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_NE(o.out.find("compared: 2 log-probabilities of 1 steps\n"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("\nverdict: FAIL\n"), std::string::npos) << o.out;
  EXPECT_EQ(o.err, "");
}

TEST_F(Verify, JsonHasEveryField) {
  const Outcome o = verify(file("golden.json", kFarOff), {"--json"});
  EXPECT_EQ(o.exit_code, 1);
  boost::json::error_code error;
  const auto out = boost::json::parse(o.out, error);
  ASSERT_FALSE(error) << o.out;
  for (const char* key : {"rms", "max"}) EXPECT_GT(out.at(key).as_double(), 1.0) << key;
  EXPECT_EQ(out.at("compared").as_int64(), 2);
  EXPECT_EQ(out.at("steps").as_int64(), 1);
  EXPECT_TRUE(out.at("greedy_same").is_int64());
  EXPECT_TRUE(out.at("rule").is_string());
  EXPECT_EQ(out.at("verdict").as_string(), "fail");
}

TEST_F(Verify, QuantizedWeightsNeedAReferenceForAVerdict) {
  const std::string quantized = dir_.file("q8.gguf"), golden = file("golden.json", kFarOff);
  write_tiny_model(quantized, {.matrix = DType::kQ8_0});
  const std::vector<std::string> args = {"verify", "--gguf", quantized, "--golden", golden};
  const Outcome without = run_rocmforge(args);
  EXPECT_TRUE(succeeded(without));
  EXPECT_NE(without.out.find("\nverdict: none\n"), std::string::npos) << without.out;
  std::vector<std::string> with = args;
  with.insert(with.end(), {"--reference", golden, "--json"});
  const Outcome o = run_rocmforge(with);
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_EQ(boost::json::parse(o.out).at("reference_rms").to_number<double>(), 0.0) << o.out;
}

TEST_F(Verify, RealModelsPass) {
  for (const std::string name : {"stories260K", "synth/llama.Q4_0"}) {
    const std::string stem = name.substr(name.find('/') + 1);
    const std::string path = data_file("models/" + name + ".gguf");
    ROCMFORGE_NEED_DATA(path, "models/" + name + ".gguf");
    std::vector<std::string> args = {"verify", "--gguf", path, "--golden",
                                     data_file("golden/" + stem + ".json")};
    const std::string reference = data_file("golden/" + stem + ".llamacpp.json");
    if (!reference.empty()) args.insert(args.end(), {"--reference", reference});
    const Outcome o = run_rocmforge(args);
    EXPECT_TRUE(succeeded(o));
    EXPECT_TRUE(o.out.ends_with("verdict: pass\n")) << o.out;
  }
}

TEST_F(Verify, WithoutAGoldenADeviceIsComparedWithTheCpu) {
  for (const std::string kv : {"f16", "f32"}) {
    for (const bool fuse : {true, false}) {
      std::vector<std::string> args = {"verify", "--gguf",    model(), "--device",
                                       "cpu",    "--kv-type", kv};
      if (!fuse) args.push_back("--no-fuse");
      const Outcome o = run_rocmforge(args);
      EXPECT_TRUE(succeeded(o));
      for (const char* part : {"device:    ", "reference: ", "  blk.0\n", "  blk.1\n", "  logits\n",
                               "log-probabilities: rms 0.000000, max 0.000000\n",
                               "greedy tokens the same: 172 of 172\n", "\nrule: "}) {
        EXPECT_NE(o.out.find(part), std::string::npos) << o.out;
      }
      EXPECT_TRUE(o.out.ends_with("\nverdict: none (the CPU was compared with itself)\n")) << o.out;
    }
  }
}

TEST_F(Verify, LayersAsJson) {
  const Outcome o = run_rocmforge({"verify", "--gguf", model(), "--device", "cpu", "--json"});
  ASSERT_TRUE(succeeded(o));
  const auto out = boost::json::parse(o.out).as_object();
  EXPECT_TRUE(out.at("verdict").is_null());
  EXPECT_TRUE(out.at("same_device").as_bool());
  EXPECT_TRUE(out.at("first_layer").is_null());
  EXPECT_TRUE(out.at("ops").as_array().empty());
  ASSERT_EQ(out.at("layers").as_array().size(), 3U);
  for (const auto& layer : out.at("layers").as_array()) {
    EXPECT_TRUE(layer.at("name").is_string());
    EXPECT_FALSE(layer.at("parted").as_bool());
    EXPECT_GT(layer.at("bound").as_double(), 0);
    EXPECT_EQ(layer.at("prefill").at("rows").as_int64(), 160);
    EXPECT_EQ(layer.at("decode").at("rows").as_int64(), 12);
    EXPECT_EQ(layer.at("decode").at("max").to_number<double>(), 0);
  }
}

TEST_F(Verify, NoLayerOnAGpuIsNoComparison) {
  for (const char* device : {"auto", "cpu"}) {
    const Outcome o =
        run_rocmforge({"verify", "--gguf", model(), "--device", device, "-ngl", "0", "--json"});
    ASSERT_TRUE(succeeded(o));
    EXPECT_TRUE(boost::json::parse(o.out).at("verdict").is_null()) << o.out;
  }
}

#ifdef FAKE_CUDA
// Its kernels do nothing: the first op of the first layer is wrong, and all behind it.
TEST_F(Verify, ADeviceThatComputesNothingFailsAtTheFirstOp) {
  if (ROCMFORGE_TEST_KERNELS == 0) GTEST_SKIP() << "built without kernels for the fake card";
  Command command = rocmforge({"verify", "--gguf", model(), "--device", "cuda"});
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  const Outcome text = run(command);
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_NE(text.out.find("  blk.0  <- first to differ\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("\nblk.0 once more, each op's result kept:\n"), std::string::npos);
  EXPECT_NE(text.out.find("  1 embed [token_embd: F32 290]  <- first to differ\n"),
            std::string::npos)
      << text.out;
  EXPECT_TRUE(text.out.ends_with("\nverdict: FAIL\n")) << text.out;

  command.argv.push_back("--json");
  const Outcome json = run(command);
  EXPECT_EQ(json.exit_code, 1);
  const auto out = boost::json::parse(json.out).as_object();
  EXPECT_EQ(out.at("verdict").as_string(), "fail");
  EXPECT_FALSE(out.at("same_device").as_bool());
  EXPECT_EQ(out.at("first_layer").as_string(), "blk.0");
  EXPECT_TRUE(out.at("first_op").as_string().starts_with("1 embed"));
  EXPECT_EQ(out.at("ops").as_array().size(), 6U);
}

// The embedding and the first layer are the CPU's, and right.
TEST_F(Verify, OfTwoStagesTheFaultyOneIsFound) {
  if (ROCMFORGE_TEST_KERNELS == 0) GTEST_SKIP() << "built without kernels for the fake card";
  Command command =
      rocmforge({"verify", "--gguf", model(), "--device", "cuda", "-ngl", "1", "--json"});
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  const Outcome json = run(command);
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(boost::json::parse(json.out).at("first_layer").as_string(), "blk.1") << json.out;
}
#endif

TEST_F(Verify, AMissingModelIsAnErrorInBothForms) {
  EXPECT_TRUE(failed(run_rocmforge({"verify", "--gguf", dir_.file("none.gguf"), "--device", "cpu"}),
                     {"none.gguf"}));
}

TEST_F(Verify, MalformedGoldensAreNamedWithTheirPlace) {
  using Parts = std::vector<std::string>;
  const std::vector<std::pair<std::string, Parts>> cases = {
      {"[1, 2", {"byte offset 5"}},
      {"[1, x]", {"byte offset 4"}},
      {"[] []", {"byte offset"}},
      {"not json", {"byte offset"}},
      {"{}", {"array of prompts"}},
      {"[]", {"no prompt"}},
      {"[3]", {"prompt 0", "\"prompt\""}},
      {R"([{"prompt": 1, "steps": []}])", {"prompt 0", "\"prompt\""}},
      {R"([{"prompt": [1]}])", {"prompt 0", "\"steps\""}},
      {R"([{"prompt": [1], "steps": []}])", {"prompt 0", "\"steps\" is empty"}},
      {R"([{"prompt": [], "steps": [{"id": 1, "top": [[1, -1]]}]}])", {"prompt 0", "empty"}},
      {R"([{"prompt": [1.5], "steps": []}])", {"prompt 0", "token id"}},
      {R"([{"prompt": [-1], "steps": []}])", {"prompt 0", "token id"}},
      {R"([{"prompt": [1], "steps": [{"top": [[1, -1]]}]}])", {"prompt 0, step 0", "\"id\""}},
      {R"([{"prompt": [1], "steps": [{"id": 1}]}])", {"prompt 0, step 0", "\"top\""}},
      {R"([{"prompt": [1], "steps": [{"id": 1, "top": []}]}])", {"step 0", "\"top\" is empty"}},
      {R"([{"prompt": [1], "steps": [{"id": 1, "top": [[1]]}]}])", {"step 0", "pairs"}},
      {R"([{"prompt": [1], "steps": [{"id": 1, "top": [[1, "x"]]}]}])", {"step 0", "pairs"}},
      {R"([{"prompt": [1], "steps": [{"id": 1, "top": [[1, -1e999]]}]}])", {"golden.json"}},
      {R"([{"prompt": [1], "steps": [{"id": 1, "top": [[1, -1]]}, {"id": 9999, "top": [[1, 0]]}]}])",
       {"prompt 0, step 1", "outside the model's vocabulary"}},
      {R"([{"prompt": [9999], "steps": [{"id": 1, "top": [[1, -1]]}]}])",
       {"prompt 0", "outside the model's vocabulary"}},
  };
  for (const auto& [text, parts] : cases) {
    const Outcome o = verify(file("golden.json", text));
    EXPECT_TRUE(failed(o, parts)) << text;
    EXPECT_TRUE(failed(o, {"golden.json"})) << text;
  }
  EXPECT_TRUE(failed(verify(dir_.file("none.json")), {"none.json", "No such file"}));
  const std::string deep(100'000, '[');
  EXPECT_TRUE(failed(verify(file("golden.json", deep)), {"golden.json", "byte offset"}));
}

TEST_F(Verify, AGoldenLongerThanTheContextIsNamed) {
  const Outcome o = verify(file("golden.json", kFarOff), {"--ctx", "1"});
  EXPECT_TRUE(failed(o, {"golden.json", "prompt 0, step 0", "--ctx"}));
}

TEST_F(Verify, AReferenceOfOtherStepsIsRefused) {
  const std::string golden = file("golden.json", kFarOff);
  const auto with = [&](const std::string& text) {
    return verify(golden, {"--reference", file("reference.json", text)});
  };
  EXPECT_TRUE(failed(with(R"([{"prompt": [1], "steps": [{"id": 261, "top": [[261, 0]]}]}])"),
                     {"reference.json", "prompt 0", "another prompt"}));
  EXPECT_TRUE(failed(with(R"([{"prompt": [1, 260], "steps": [{"id": 261, "top": [[261, 0]]}]}])"),
                     {"reference.json", "prompt 0, step 0", "other tokens"}));
  EXPECT_TRUE(failed(with("[]"), {"reference.json"}));
}

}  // namespace
}  // namespace rocmforge::test
