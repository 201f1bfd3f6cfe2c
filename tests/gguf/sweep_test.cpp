// A small whole model file, cut at every byte and flipped at random: never more than an Error.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "gguf/raw_file.h"
#include "gguf/reader.h"
#include "gguf/writer.h"
#include "support/data.h"

namespace rocmforge::gguf::test {
namespace {

std::vector<std::byte> small_model() {
  Writer writer;
  writer.add_string("general.architecture", "llama");
  writer.add_u32("llama.block_count", 1);
  writer.add_f32("llama.rope.freq_base", 10000.0f);
  writer.add_bool("tokenizer.ggml.add_bos_token", true);
  writer.add_strings("tokenizer.ggml.tokens", {"<unk>", "<s>", "a", "\xe2\x96\x81"});
  writer.add_f32s("tokenizer.ggml.scores", {0, 0, -1, -2});
  writer.add_i32s("tokenizer.ggml.token_type", {2, 3, 1, 1});
  writer.set_alignment(64);
  writer.add_tensor("token_embd.weight", DType::kF32, {4, 8}, std::vector<std::byte>(128));
  writer.add_tensor("blk.0.attn_q.weight", DType::kQ4_0, {2, 32}, std::vector<std::byte>(36));
  writer.add_tensor("blk.0.ffn_up.weight", DType::kQ8_0, {1, 3, 32}, std::vector<std::byte>(102));
  return writer.bytes();
}

std::uint64_t end_of_data(std::span<const std::byte> bytes) {
  Counters counters;
  const File file = parse(bytes, "model", counters);
  std::uint64_t end = 0;
  for (const TensorInfo& tensor : file.tensors()) {
    end = std::max(end, tensor.offset + tensor.n_bytes);
  }
  return end;
}

TEST(Sweep, CutAtEveryByte) {
  const std::vector<std::byte> model = small_model();
  const std::uint64_t end = end_of_data(model);
  for (std::size_t n = 0; n < model.size(); ++n) {
    const Outcome outcome = try_parse(std::span(model).first(n));
    // Only the padding after the last tensor's data may be missing.
    ASSERT_EQ(outcome.parsed, n >= end) << n << ": " << outcome.message;
    if (!outcome.parsed) {
      ASSERT_EQ(outcome.code, ErrorCode::kFormat) << outcome.message;
    }
  }
}

TEST(Sweep, CutRealModelAtEveryTensor) {
  const std::string path = rocmforge::test::data_file("models/tinystories-656k-llama.gguf");
  ROCMFORGE_NEED_DATA(path, "models/tinystories-656k-llama.gguf");
  const MappedFile file(path);
  Counters counters;
  const File whole = parse(file.bytes(), path, counters);
  ASSERT_FALSE(whole.tensors().empty());
  for (const TensorInfo& tensor : whole.tensors()) {
    for (const std::uint64_t n :
         {tensor.offset, tensor.offset + 1, tensor.offset + tensor.n_bytes - 1}) {
      try {
        parse(file.bytes().first(n), path, counters);
        ADD_FAILURE() << "parsed, cut at byte " << n;
      } catch (const Error& e) {
        ASSERT_EQ(e.code(), ErrorCode::kFormat);
        ASSERT_NE(std::string(e.what()).find("past the end"), std::string::npos) << e.what();
      }
    }
  }
}

TEST(Sweep, RandomBytesNeverCrash) {
  const std::vector<std::byte> model = small_model();
  std::mt19937 random(20240607);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::uint8_t kTelling[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
  std::size_t n_parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> damaged = model;
    const std::size_t n_changes = 1 + below(4);
    for (std::size_t i = 0; i < n_changes; ++i) {
      std::byte& at = damaged[below(damaged.size())];
      at = below(2) == 0 ? static_cast<std::byte>(kTelling[below(6)])
                         : at ^ static_cast<std::byte>(1u << below(8));
    }
    if (below(4) == 0) damaged.resize(below(damaged.size()) + 1);
    n_parsed += try_parse(damaged).parsed;
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  // Damage to names, values and data goes unseen here; that to the structure must not.
  EXPECT_GT(n_parsed, 1000u);
  EXPECT_LT(n_parsed, 15'000u);
}

TEST(Sweep, EveryByteOfTheHeaderSetToEveryTellingValue) {
  const std::vector<std::byte> model = small_model();
  for (std::size_t at = 0; at < model.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::vector<std::byte> damaged = model;
      damaged[at] = static_cast<std::byte>(value);
      try_parse(damaged);
      ASSERT_FALSE(HasFailure()) << "byte " << at << " set to " << value;
    }
  }
}

}  // namespace
}  // namespace rocmforge::gguf::test
