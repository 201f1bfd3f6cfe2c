// Whole files: what is written, for any number of threads, and what is left when it fails.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "gguf/model_files.h"
#include "quantize/made_file.h"
#include "quantize/quantize.h"
#include "support/split_model.h"
#include "support/temp_dir.h"

namespace rocmforge::quantize {
namespace {

class Files : public ::testing::Test {
 protected:
  std::string made(const gguf::Writer& writer, const std::string& name = "in.gguf") {
    writer.write(dir_.file(name));
    return dir_.file(name);
  }

  Loss quantize(const std::string& in, const std::string& type, const std::string& out,
                int n_threads = 2, bool allow = false, const Reports& reports = {}) {
    const Wishes wishes{.file_type = find_file_type(type), .rules = {}};
    return quantize(in, wishes, out, n_threads, allow, reports);
  }
  Loss quantize(const std::string& in, const Wishes& wishes, const std::string& out,
                int n_threads = 2, bool allow = false, const Reports& reports = {}) {
    Counters counters;
    const gguf::ModelFiles files(in, counters);
    const Plan plan = make_plan(files.file(), wishes, allow);
    ThreadPool pool(n_threads);
    return write_quantized(files.mappings(), plan, output_of(files.mappings(), out), pool, reports);
  }

  // What it is refused with; also that nothing of `out` is there.
  std::string refusal(const std::string& in, const std::string& type, ErrorCode code) {
    const std::string out = dir_.file("refused.gguf");
    std::string message = "no error";
    try {
      quantize(in, type, out);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      message = e.what();
    }
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_FALSE(std::filesystem::exists(out + ".partial"));
    return message;
  }

  test::TempDir dir_;
};

// Several pieces, and a last one that is no whole piece.
gguf::Writer some_model(DType type = DType::kF32) {
  gguf::Writer writer = writer_of({});
  writer.add_string("general.name", "made");
  writer.add_u32("general.file_type", 0);
  writer.add_u32("general.quantization_version", 1);
  writer.add_strings("tokenizer.ggml.tokens", {"a", "b"});
  writer.add_f32s("tokenizer.ggml.scores", {0, -1});
  add_weights(writer, "token_embd.weight", {700, 256}, type);
  add_weights(writer, "output_norm.weight", {256});
  add_weights(writer, "blk.0.attn_v.weight", {64, 256}, type);
  add_weights(writer, "blk.0.ffn_down.weight", {256, 512}, type);
  add_weights(writer, "output.weight", {700, 256}, type);
  return writer;
}

TEST_F(Files, KeepKeysTensorsAndTheirOrder) {
  const std::string in = made(some_model());
  const std::string out = dir_.file("out.gguf");
  quantize(in, "Q4_K_M", out);
  const Parsed before(in), after(out);
  std::vector<std::string> keys;
  for (const gguf::KeyValue& kv : after.file.metadata()) keys.emplace_back(kv.key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{
                "general.architecture", "llama.block_count", "llama.attention.head_count",
                "llama.attention.head_count_kv", "general.name", "tokenizer.ggml.tokens",
                "tokenizer.ggml.scores", "general.quantization_version", "general.file_type"}));
  EXPECT_EQ(after.file.get_u64("general.file_type"), 15u);
  EXPECT_EQ(after.file.get_u64("general.quantization_version"), 2u);
  EXPECT_EQ(after.file.get_strings("tokenizer.ggml.tokens")->at(1), "b");
  ASSERT_EQ(after.file.tensors().size(), before.file.tensors().size());
  for (std::size_t i = 0; i < before.file.tensors().size(); ++i) {
    EXPECT_EQ(after.file.tensors()[i].name, before.file.tensors()[i].name);
    EXPECT_EQ(after.file.tensors()[i].shape, before.file.tensors()[i].shape);
  }
  EXPECT_EQ(after.file.find_tensor("output_norm.weight")->dtype, DType::kF32);
  EXPECT_EQ(values_of(after.file, "output_norm.weight"),
            values_of(before.file, "output_norm.weight"));
  EXPECT_FALSE(std::filesystem::exists(out + ".partial"));
}

// Every type: each tensor holds what encoding it at once gives, and the loss is that of its values.
TEST_F(Files, HoldWhatTheCodecsGive) {
  const std::string in = made(some_model());
  const Parsed before(in);
  for (const FileType& type : file_types()) {
    const std::string out = dir_.file("out.gguf");
    std::vector<Loss> losses;
    quantize(in, std::string(type.name), out, 2, false,
             {.tensor =
                  [&](std::size_t i, const Loss& loss) {
                    EXPECT_EQ(i, losses.size());
                    losses.push_back(loss);
                  },
              .progress = {}});
    const Parsed after(out);
    ASSERT_EQ(losses.size(), after.file.tensors().size());
    for (std::size_t i = 0; i < losses.size(); ++i) {
      const gguf::TensorInfo& tensor = after.file.tensors()[i];
      const std::vector<float> exact = values_of(before.file, tensor.name);
      std::vector<std::byte> want(tensor.n_bytes);
      info(tensor.dtype).encode(exact.data(), want.data(), tensor.shape.n_elems());
      EXPECT_TRUE(std::ranges::equal(after.file.data(tensor), want)) << type.name << tensor.name;
      double sum = 0, size = 0;
      const std::vector<float> now = values_of(after.file, tensor.name);
      for (std::size_t j = 0; j < now.size(); ++j) {
        sum += (double{exact[j]} - now[j]) * (double{exact[j]} - now[j]);
        size += double{exact[j]} * exact[j];
      }
      EXPECT_NEAR(losses[i].rms, std::sqrt(sum / static_cast<double>(now.size())), 1e-9);
      EXPECT_NEAR(losses[i].relative, std::sqrt(sum / size), 1e-9);
    }
    EXPECT_EQ(after.file.get_u64("general.file_type"), type.number) << type.name;
  }
}

TEST_F(Files, AreTheSameForAnyNumberOfThreads) {
  const std::string in = made(some_model(DType::kBF16));
  const Loss one = quantize(in, "Q4_K_M", dir_.file("1.gguf"), 1);
  const std::string want = test::read_file(dir_.file("1.gguf"));
  for (const int n : {2, 3, 5}) {
    const std::string out = dir_.file(std::to_string(n) + ".gguf");
    const Loss loss = quantize(in, "Q4_K_M", out, n);
    EXPECT_EQ(loss.rms, one.rms);
    EXPECT_EQ(loss.relative, one.relative);
    EXPECT_TRUE(test::read_file(out) == want) << n;
  }
}

TEST_F(Files, OfOurOwnTypesAreReadAgain) {
  const std::string in = made(some_model());
  for (const std::string type : {"MXFP6_E2M3", "MXFP6_E3M2"}) {
    const std::string out = dir_.file(type);
    const Loss loss = quantize(in, type, out);
    EXPECT_LT(loss.relative, 0.06) << type;
    const Parsed after(out);
    EXPECT_EQ(after.file.get_u64(gguf::kMxTypesKey), gguf::kMxTypesVersion);
    EXPECT_EQ(after.file.get_u64("general.file_type"), std::nullopt);
    quantize(out, "F32", dir_.file("wide"), 2, /*allow=*/true);
    const Parsed wide(dir_.file("wide"));
    EXPECT_EQ(wide.file.find(gguf::kMxTypesKey), nullptr);
    EXPECT_EQ(values_of(wide.file, "blk.0.ffn_down.weight"),
              values_of(after.file, "blk.0.ffn_down.weight"));
  }
}

TEST_F(Files, ReportBytesDone) {
  const std::string in = made(some_model());
  std::int64_t last = 0, all = 0;
  quantize(in, "Q8_0", dir_.file("out.gguf"), 1, false,
           {.tensor = {}, .progress = [&](std::int64_t done, std::int64_t total) {
              EXPECT_GT(done, last);
              last = done;
              all = total;
            }});
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, 4 * (2 * 700 * 256 + 256 + 64 * 256 + 256 * 512));
}

TEST_F(Files, KeepTheirAlignment) {
  gguf::Writer writer = some_model();
  writer.set_alignment(4096);
  quantize(made(writer), "Q8_0", dir_.file("out.gguf"));
  const Parsed after(dir_.file("out.gguf"));
  EXPECT_EQ(after.file.alignment(), 4096u);
}

TEST_F(Files, QuantizedOnesAreQuantizedAgainOnlyWhenAllowed) {
  const std::string in = made(some_model(DType::kQ8_0));
  EXPECT_EQ(
      refusal(in, "Q4_0", ErrorCode::kInvalidArgument),
      "[quantize] " + in +
          ": token_embd.weight: is Q8_0, quantized already; --allow-requantize changes it all "
          "the same, at a loss");
  EXPECT_NE(refusal(in, "F32", ErrorCode::kInvalidArgument).find("Q8_0"), std::string::npos);
  quantize(in, "Q4_0", dir_.file("out.gguf"), 2, /*allow=*/true);
  quantize(in, "Q8_0", dir_.file("same.gguf"));  // nothing changes
  const Parsed before(in), same(dir_.file("same.gguf"));
  EXPECT_EQ(values_of(same.file, "output.weight"), values_of(before.file, "output.weight"));
}

TEST_F(Files, AreNeverTheInput) {
  const std::string in = made(some_model());
  const std::string link = dir_.file("link.gguf");
  std::filesystem::create_symlink(in, link);
  const std::string partial = made(some_model(), "other.gguf.partial");
  const std::string before = test::read_file(in);
  for (const auto& [from, to] :
       {std::pair{in, in}, {in, link}, {link, in}, {partial, dir_.file("other.gguf")}}) {
    try {
      quantize(from, "Q8_0", to);
      FAIL() << from << " to " << to;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kUsage);
      EXPECT_TRUE(std::string(e.what()).ends_with("is the input itself")) << e.what();
    }
  }
  EXPECT_TRUE(test::read_file(in) == before);
  EXPECT_TRUE(test::read_file(partial) == before);
}

TEST_F(Files, ReplaceAnOldOneOnlyWhenWhole) {
  const std::string in = made(some_model()), out = dir_.file("out.gguf");
  quantize(in, "Q8_0", out);
  const std::string old = test::read_file(out);
  // A file of at most 64 KiB stands for a full disk.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 65536, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string message = "no error";
  try {
    quantize(in, "Q4_0", out);
  } catch (const Error& e) {
    message = e.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, "[file] " + out + ": cannot write it: File too large");
  EXPECT_FALSE(std::filesystem::exists(out + ".partial"));
  EXPECT_TRUE(test::read_file(out) == old);
  quantize(in, "Q4_0", out);
  EXPECT_FALSE(test::read_file(out) == old);
}

TEST_F(Files, WithValuesThatAreNoNumbersAreRefused) {
  const auto with = [&](float bad) {
    gguf::Writer writer = writer_of({});
    std::vector<std::byte> weights = normal_weights(DType::kF32, 1000 * 256, 1);
    std::memcpy(weights.data() + 4 * (777 * 256 + 5), &bad, 4);
    writer.add_tensor("blk.1.ffn_up.weight", DType::kF32, Shape{1000, 256}, weights);
    return made(writer);
  };
  const std::string where = dir_.file("in.gguf") + ": blk.1.ffn_up.weight: value 5 of row 777 ";
  const std::string in = with(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(refusal(in, "Q4_0", ErrorCode::kFormat), "[quantize] " + where + "is NaN");
  with(-std::numeric_limits<float>::infinity());
  EXPECT_EQ(refusal(in, "Q4_K_M", ErrorCode::kFormat), "[quantize] " + where + "is infinite");
  with(1e6f);
  EXPECT_EQ(refusal(in, "F16", ErrorCode::kFormat),
            "[quantize] " + where + "or one near it is too large for F16");
  EXPECT_EQ(quantize(in, "BF16", dir_.file("out.gguf")).relative < 0.01, true);
}

// The same bytes as of the whole model: no split.* key is left.
TEST_F(Files, OfSeveralPartsBecomeOne) {
  const std::string whole = made(some_model()), out = dir_.file("out.gguf");
  for (const char* type : {"Q4_K_M", "COPY"}) {
    const Wishes wishes{.file_type = find_file_type(type), .rules = {}};
    quantize(whole, wishes, out);
    const std::string want = test::read_file(out);
    for (const int n : {1, 2, 3, 5, 8}) {
      const std::string first = test::write_split_model(some_model(), dir_.file("m"), n);
      const std::string joined = dir_.file("joined.gguf");
      quantize(first, wishes, joined);
      EXPECT_TRUE(test::read_file(joined) == want) << type << " of " << n;
    }
  }
}

TEST_F(Files, OfSeveralPartsKeepEveryKey) {
  const std::string first =
      test::write_split_model(some_model(), dir_.file("m"), 3, {}, [](gguf::Writer& w, int n) {
        if (n == 2) w.add_string("general.license", "mit");
      });
  quantize(first, "Q8_0", dir_.file("out.gguf"));
  const Parsed after(dir_.file("out.gguf"));
  EXPECT_EQ(after.file.get_string("general.license"), "mit");
  EXPECT_EQ(after.file.find("split.count"), nullptr);
}

TEST_F(Files, OfSeveralPartsAreNeverTheOutput) {
  const std::string first = test::write_split_model(some_model(), dir_.file("m"), 3);
  const std::string third = test::part_path(dir_.file("m"), 2, 3);
  const std::string before = test::read_file(third);
  EXPECT_THROW(quantize(first, "Q8_0", third), Error);
  EXPECT_TRUE(test::read_file(third) == before);
}

TEST_F(Files, OfSeveralPartsNameThePartAtFault) {
  gguf::Writer writer = some_model();
  std::vector<std::byte> weights = normal_weights(DType::kF32, 4 * 256, 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(weights.data() + 4 * (3 * 256 + 7), &nan, 4);
  writer.add_tensor("blk.1.attn_q.weight", DType::kF32, Shape{4, 256}, weights);
  const std::string first = test::write_split_model(writer, dir_.file("m"), 2);
  EXPECT_EQ(refusal(first, "Q8_0", ErrorCode::kFormat),
            "[quantize] " + test::part_path(dir_.file("m"), 1, 2) +
                ": blk.1.attn_q.weight: value 7 of row 3 is NaN");
}

// A copy: every tensor's bytes, every key, general.file_type with them.
TEST_F(Files, OfNoTypeAreCopied) {
  const std::string in = made(some_model(DType::kQ8_0)), out = dir_.file("out.gguf");
  quantize(in, Wishes{}, out);
  EXPECT_TRUE(test::read_file(out) == test::read_file(in));
}

TEST_F(Files, KeepTheirOutputWhenTold) {
  const std::string in = made(some_model()), out = dir_.file("out.gguf");
  const Wishes wishes{.file_type = find_file_type("Q4_K_M"), .rules = {}, .keep_output = true};
  quantize(in, wishes, out);
  const Parsed after(out);
  EXPECT_EQ(after.file.find_tensor("output.weight")->dtype, DType::kF32);
  EXPECT_EQ(after.file.find_tensor("token_embd.weight")->dtype, DType::kQ4_K);
}

TEST(FileTypes, AreFoundByNameAliasAndNumber) {
  for (const FileType& type : file_types()) {
    EXPECT_EQ(find_file_type(type.name), &type);
    if (type.number && type.name != "MXFP4") {
      EXPECT_EQ(find_file_type(std::to_string(*type.number)), &type) << type.name;
    }
  }
  EXPECT_EQ(find_file_type("q4_k"), find_file_type("Q4_K_M"));
  EXPECT_EQ(find_file_type("38"), find_file_type("MXFP4_MOE"));  // as llama.cpp's number means it
  for (const char* no : {"", "4", "99", "-1", "15x", "Q9_0", "COPY"}) {
    EXPECT_EQ(find_file_type(no), nullptr) << no;
  }
}

}  // namespace
}  // namespace rocmforge::quantize
