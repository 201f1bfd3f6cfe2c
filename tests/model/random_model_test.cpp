// Models without a file: their specifications, their header, and the file that is written of them.
#include "model/random_model.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/mapped_file.h"
#include "gguf/reader.h"
#include "model/model.h"
#include "support/temp_dir.h"
#include "tensor/random.h"

namespace rocmforge::model {
namespace {

std::string refusal(std::string_view text) {
  try {
    parse_random_spec(text);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    return e.what();
  }
  ADD_FAILURE() << text << " was taken";
  return "";
}

bool has(const std::string& text, std::initializer_list<const char*> parts) {
  return std::ranges::all_of(
      parts, [&](const char* part) { return text.find(part) != std::string::npos; });
}

TEST(RandomSpec, TypesAreThoseOfRealFiles) {
  const RandomSpec q4 = parse_random_spec("llama-8b:Q4_0");
  EXPECT_EQ(q4.type_of("blk.0.attn_q"), DType::kQ4_0);
  EXPECT_EQ(q4.type_of("token_embd"), DType::kQ4_0);
  EXPECT_EQ(q4.type_of("output"), DType::kQ6_K);
  EXPECT_EQ(parse_random_spec("llama-8b:Q4_1").type_of("output"), DType::kQ6_K);
  EXPECT_EQ(parse_random_spec("llama-8b:q8_0").type_of("output"), DType::kQ8_0);
  EXPECT_EQ(parse_random_spec("llama-8b:MXFP4").type_of("output"), DType::kQ8_0);
  EXPECT_EQ(parse_random_spec("llama-8b:BF16").type_of("output"), DType::kBF16);
  // Tied: the embedding is the output matrix.
  EXPECT_EQ(parse_random_spec("llama-1b:Q4_0").type_of("token_embd"), DType::kQ6_K);
}

TEST(RandomSpec, Mixtures) {
  const RandomSpec spec =
      parse_random_spec("llama-8b:Q4_0,output=Q4_0,ffn_down=Q6_K,blk.31.ffn_down=F16");
  EXPECT_EQ(spec.text, "llama-8b:Q4_0,output=Q4_0,ffn_down=Q6_K,blk.31.ffn_down=F16");
  EXPECT_EQ(spec.type_of("output"), DType::kQ4_0);
  EXPECT_EQ(spec.type_of("blk.0.ffn_down"), DType::kQ6_K);
  EXPECT_EQ(spec.type_of("blk.30.ffn_down"), DType::kQ6_K);
  EXPECT_EQ(spec.type_of("blk.31.ffn_down"), DType::kF16);
  EXPECT_EQ(spec.type_of("blk.31.ffn_up"), DType::kQ4_0);
}

TEST(RandomSpec, Layers) {
  const RandomSpec spec = parse_random_spec("llama-8b:Q4_0,layers=2,blk.1.attn_q=F16");
  EXPECT_EQ(spec.shape.n_layers, 2);
  EXPECT_EQ(spec.type_of("blk.1.attn_q"), DType::kF16);
  Counters counters;
  EXPECT_EQ(RandomModel(spec, counters).gguf().find_tensor("blk.2.attn_q.weight"), nullptr);
  for (const char* wrong : {"0", "-1", "x", "", "513", "2x"}) {
    const std::string text = std::string("layers=") + wrong;
    EXPECT_TRUE(has(refusal("llama-8b:Q4_0," + text), {text.c_str(), "from 1 to 512"})) << text;
  }
  EXPECT_TRUE(has(refusal("llama-8b:Q4_0,layers=2,blk.2.attn_q=F16"), {"blk.2.attn_q"}));
}

TEST(RandomSpec, RefusalsListWhatThereIs) {
  EXPECT_TRUE(has(refusal("llama-9b:Q4_0"), {"llama-9b", "llama-1b, llama-3b, llama-8b"}));
  EXPECT_TRUE(has(refusal(""), {"llama-1b"}));
  EXPECT_TRUE(has(refusal("llama-8b"), {"type is missing", "llama-8b:Q4_0"}));
  EXPECT_TRUE(has(refusal("llama-8b:"), {"no weight type \"\"", "Q4_0", "MXFP4"}));
  EXPECT_TRUE(has(refusal("llama-8b:Q9"), {"\"Q9\"", "F32, F16, BF16, Q4_0"}));
  EXPECT_TRUE(has(refusal("llama-8b:I32"), {"\"I32\""}));
  EXPECT_TRUE(has(refusal("llama-8b:Q4_0,"), {"last comma"}));
  EXPECT_TRUE(has(refusal("llama-8b:Q4_0,output"), {"\"output\"", "MATRIX=TYPE"}));
  EXPECT_TRUE(has(refusal("llama-8b:Q4_0,,output=F16"), {"MATRIX=TYPE"}));
  EXPECT_TRUE(has(refusal("llama-8b:Q4_0,output=Q9"), {"\"Q9\""}));
  EXPECT_TRUE(has(refusal("llama-8b:Q4_0,head=F16"), {"\"head\"", "token_embd, output, attn_q"}));
  EXPECT_TRUE(has(refusal("llama-8b:Q4_0,blk.32.attn_q=F16"), {"blk.32.attn_q"}));
  EXPECT_TRUE(has(refusal("llama-1b:Q4_0,output=F16"), {"no output matrix", "token_embd"}));
}

TEST(RandomModel, HasTheShapeAndSizeOfRealModels) {
  struct Known {
    const char* spec;
    std::int64_t n_params;
  };
  // Published parameter counts; 8B has 64 RoPE factors beside them, 1B and 3B 32 and 64.
  for (const Known& known :
       {Known{"llama-1b:Q8_0", 1'235'814'400 + 32}, Known{"llama-3b:Q8_0", 3'212'749'824 + 64},
        Known{"llama-8b:Q4_0", 8'030'261'248 + 64}}) {
    Counters counters;
    const RandomModel model(parse_random_spec(known.spec), counters);
    std::int64_t n = 0;
    for (const auto& t : model.gguf().tensors()) n += t.shape.n_elems();
    EXPECT_EQ(n, known.n_params) << known.spec;
    const Model built = build_model(model.gguf(), {}, counters);
    EXPECT_EQ(built.params.n_vocab, 128256);
    EXPECT_EQ(built.params.rope.factors, "rope_freqs.weight");
    EXPECT_EQ(counters.read().file_parses, 1u);
  }
}

// Published parameter counts, and what makes each its architecture's.
TEST(RandomModel, HasOtherArchitectures) {
  struct Known {
    const char* spec;
    std::int64_t n_params;
    std::int32_t n_vocab, head_dim, n_rot;
  };
  for (const Known& known : {Known{"qwen2-7b:Q8_0", 7'615'616'512, 152064, 128, 128},
                             Known{"qwen3-8b:Q4_0", 8'190'735'360, 151936, 128, 128},
                             Known{"glm4-9b:F16", 9'400'279'040, 151552, 128, 64}}) {
    Counters counters;
    const RandomModel model(parse_random_spec(known.spec), counters);
    std::int64_t n = 0;
    for (const auto& t : model.gguf().tensors()) n += t.shape.n_elems();
    EXPECT_EQ(n, known.n_params) << known.spec;
    const HyperParams params = build_model(model.gguf(), {}, counters).params;
    EXPECT_EQ(params.n_vocab, known.n_vocab);
    EXPECT_EQ(params.head_dim, known.head_dim);
    EXPECT_EQ(params.rope.n_rot, known.n_rot);
    EXPECT_TRUE(std::string_view(known.spec).starts_with(params.architecture));
  }
  EXPECT_TRUE(has(refusal("glm4-9b:Q4_0,ffn_gate=Q8_0"), {"no matrix \"ffn_gate\""}));
  Counters counters;
  try {
    const RandomModel model(parse_random_spec("glm4-9b:Q4_0,ffn_down=Q6_K"), counters);
    ADD_FAILURE() << "rows of half a block were taken";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    EXPECT_TRUE(has(e.what(), {"blk.0.ffn_down", "13696", "256", "Q6_K"})) << e.what();
  }
}

// Wavelengths up to 2048 positions stay (pairs 0 to 28), those above 8192 are stretched eightfold.
TEST(RandomModel, RopeFactorsAreLlama31s) {
  Counters counters;
  const RandomModel model(parse_random_spec("llama-8b:Q4_0"), counters);
  const auto data = model.gguf().data(*model.gguf().find_tensor("rope_freqs.weight"));
  std::vector<float> factors(64);
  ASSERT_EQ(data.size(), factors.size() * sizeof(float));
  std::memcpy(factors.data(), data.data(), data.size());
  EXPECT_EQ(factors[0], 1.0f);
  EXPECT_EQ(factors[28], 1.0f);
  EXPECT_GT(factors[30], 1.0f);
  EXPECT_LT(factors[33], 8.0f);
  EXPECT_EQ(factors[36], 8.0f);
  EXPECT_EQ(factors[63], 8.0f);
}

class SavedRandom : public testing::Test {
 protected:
  test::TempDir dir_;
  Counters counters_;
  ThreadPool pool_{3};
};

TEST_F(SavedRandom, HoldsWhatTheRuleSays) {
  const RandomModel model(parse_random_spec("llama-tiny:Q4_0,attn_v=Q6_K,blk.1.ffn_up=F16"),
                          counters_);
  const std::string path = dir_.file("tiny.gguf");
  save_random(model, path, pool_);
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
  EXPECT_EQ(std::filesystem::file_size(path), model.file_bytes());

  const MappedFile mapping(path);
  const gguf::File file = gguf::parse(mapping.bytes(), path, counters_);
  ASSERT_EQ(file.tensors().size(), model.gguf().tensors().size());
  for (std::size_t i = 0; i < file.tensors().size(); ++i) {
    const gguf::TensorInfo& t = file.tensors()[i];
    EXPECT_EQ(t.name, model.gguf().tensors()[i].name);
    EXPECT_EQ(t.dtype, model.gguf().tensors()[i].dtype);
    const auto bytes = file.data(t);
    std::vector<std::byte> want(bytes.size());
    if (model.gguf().has_data(t)) {
      const auto data = model.gguf().data(t);
      want.assign(data.begin(), data.end());
    } else {
      fill_random(random_rule(t.dtype, t.shape[-1]), random_seed_of(t.name), 0, want);
    }
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), want.begin())) << t.name;
  }
  EXPECT_EQ(file.find_tensor("blk.0.attn_v.weight")->dtype, DType::kQ6_K);
  EXPECT_EQ(file.find_tensor("blk.0.ffn_up.weight")->dtype, DType::kQ4_0);
  EXPECT_EQ(file.find_tensor("blk.1.ffn_up.weight")->dtype, DType::kF16);
  EXPECT_NO_THROW(build_model(file, {}, counters_));
}

TEST_F(SavedRandom, FailsWithoutALeftover) {
  const RandomModel model(parse_random_spec("llama-tiny:Q8_0"), counters_);
  const auto message = [&](const std::string& path) {
    try {
      save_random(model, path, pool_);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kIo);
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_TRUE(has(message(dir_.file("no/such/folder.gguf")), {"folder.gguf", "No such file"}));
  const std::string folder = dir_.file("folder");
  std::filesystem::create_directory(folder);
  EXPECT_TRUE(has(message(folder), {"folder", "cannot write it"}));
  EXPECT_FALSE(std::filesystem::exists(folder + ".partial"));

  // A file of at most 64 KiB stands for a full disk.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 65536, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string full = message(dir_.file("full.gguf"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(has(full, {"full.gguf", "File too large"})) << full;
  EXPECT_FALSE(std::filesystem::exists(dir_.file("full.gguf.partial")));
}

}  // namespace
}  // namespace rocmforge::model
