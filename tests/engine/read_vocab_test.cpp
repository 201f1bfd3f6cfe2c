#include "engine/read_vocab.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/counters.h"
#include "base/error.h"
#include "gguf/reader.h"
#include "gguf/writer.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {
namespace {

using text::Vocab;

// A whole vocabulary, before `change` adds to it. `skip` leaves one key out.
Vocab read(const std::string& skip, const std::function<void(gguf::Writer&)>& change) {
  gguf::Writer writer;
  writer.add_string("general.name", "Phi-3");
  if (skip != "model") writer.add_string("tokenizer.ggml.model", "llama");
  if (skip != "tokens") writer.add_strings("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a"});
  if (skip != "scores") writer.add_f32s("tokenizer.ggml.scores", {0, 0, 0, -1});
  if (skip != "token_type") writer.add_i32s("tokenizer.ggml.token_type", {2, 3, 3, 1});
  change(writer);
  const std::vector<std::byte> bytes = writer.bytes();
  Counters counters;
  return read_vocab(gguf::parse(bytes, "made.gguf", counters));
}

void expect_error(const std::string& skip, const std::function<void(gguf::Writer&)>& change,
                  ErrorCode code, const std::string& key) {
  try {
    read(skip, change);
    FAIL() << "accepted; expected an error about " << key;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const std::string& part : {std::string("made.gguf"), "tokenizer.ggml." + key})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(ReadVocab, TakesEveryKey) {
  const Vocab vocab = read("", [](gguf::Writer& w) {
    w.add_string("tokenizer.ggml.pre", "default");
    w.add_strings("tokenizer.ggml.merges", {"a b"});
    w.add_u32("tokenizer.ggml.bos_token_id", 1);
    w.add_i32("tokenizer.ggml.eos_token_id", 2);
    w.add_u32("tokenizer.ggml.eot_token_id", 3);
    w.add_u32("tokenizer.ggml.unknown_token_id", 0);
    w.add_u32("tokenizer.ggml.seperator_token_id", 0xffffffff);
    w.add_i32("tokenizer.ggml.padding_token_id", -1);
    w.add_u32("tokenizer.ggml.fim_pad_token_id", 3);
    w.add_bool("tokenizer.ggml.add_bos_token", true);
    w.add_bool("tokenizer.ggml.add_eos_token", false);
    w.add_bool("tokenizer.ggml.add_space_prefix", false);
  });
  EXPECT_EQ(vocab.model, "llama");
  EXPECT_EQ(vocab.pre, "default");
  EXPECT_EQ(vocab.model_name, "Phi-3");
  EXPECT_EQ(vocab.source, "made.gguf");
  EXPECT_EQ(vocab.tokens.size(), 4u);
  EXPECT_EQ(vocab.scores, (std::vector<float>{0, 0, 0, -1}));
  EXPECT_EQ(vocab.types[0], text::TokenType::kUnknown);
  EXPECT_EQ(vocab.merges, std::vector<std::string>{"a b"});
  EXPECT_EQ(vocab.bos, 1);
  EXPECT_EQ(vocab.eos, 2);
  EXPECT_EQ(vocab.eot, 3);
  EXPECT_EQ(vocab.eom, text::kNoToken);
  EXPECT_EQ(vocab.unk, 0);
  EXPECT_EQ(vocab.sep, text::kNoToken);
  EXPECT_EQ(vocab.pad, text::kNoToken);
  EXPECT_EQ(vocab.fim_pad, 3);
  EXPECT_EQ(vocab.add_bos, 1);
  EXPECT_EQ(vocab.add_eos, 0);
  EXPECT_EQ(vocab.add_space_prefix, 0);
  EXPECT_EQ(vocab.remove_extra_whitespaces, -1);
}

TEST(ReadVocab, AVocabularyWithoutFlagsGetsItsModelsDefaults) {
  const auto t = text::make_tokenizer(read("", [](gguf::Writer&) {}));
  EXPECT_TRUE(t->adds_bos());
  EXPECT_FALSE(t->adds_eos());
  EXPECT_EQ(t->vocab().bos, 1);
  EXPECT_EQ(t->vocab().eos, 2);
}

TEST(ReadVocab, OlderNamesOfFillInTheMiddle) {
  const Vocab vocab = read("", [](gguf::Writer& w) {
    w.add_u32("tokenizer.ggml.prefix_token_id", 1);
    w.add_u32("tokenizer.ggml.suffix_token_id", 2);
    w.add_u32("tokenizer.ggml.middle_token_id", 3);
  });
  EXPECT_EQ(vocab.fim_prefix, 1);
  EXPECT_EQ(vocab.fim_suffix, 2);
  EXPECT_EQ(vocab.fim_middle, 3);
}

TEST(ReadVocab, ByteLevelBpeNeedsItsMerges) {
  expect_error(
      "model", [](gguf::Writer& w) { w.add_string("tokenizer.ggml.model", "gpt2"); },
      ErrorCode::kNotFound, "merges");
}

TEST(ReadVocab, MissingAndWronglyTypedKeysAreNamed) {
  const auto nothing = [](gguf::Writer&) {};
  expect_error("model", nothing, ErrorCode::kNotFound, "model");
  expect_error("tokens", nothing, ErrorCode::kNotFound, "tokens");
  expect_error(
      "tokens", [](gguf::Writer& w) { w.add_u32("tokenizer.ggml.tokens", 4); }, ErrorCode::kFormat,
      "tokens");
  expect_error(
      "scores", [](gguf::Writer& w) { w.add_string("tokenizer.ggml.scores", "x"); },
      ErrorCode::kFormat, "scores");
  expect_error(
      "token_type", [](gguf::Writer& w) { w.add_f32s("tokenizer.ggml.token_type", {1, 1, 1, 1}); },
      ErrorCode::kFormat, "token_type");
  expect_error(
      "", [](gguf::Writer& w) { w.add_string("tokenizer.ggml.bos_token_id", "1"); },
      ErrorCode::kFormat, "bos_token_id");
  expect_error(
      "", [](gguf::Writer& w) { w.add_u64("tokenizer.ggml.eos_token_id", std::uint64_t{1} << 40); },
      ErrorCode::kFormat, "eos_token_id");
  expect_error(
      "", [](gguf::Writer& w) { w.add_u32("tokenizer.ggml.add_bos_token", 1); }, ErrorCode::kFormat,
      "add_bos_token");
  expect_error(
      "", [](gguf::Writer& w) { w.add_u32("tokenizer.ggml.merges", 1); }, ErrorCode::kFormat,
      "merges");
}

}  // namespace
}  // namespace rocmforge::engine
