// Every vocabulary that contradicts itself is refused by file, key and culprit.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "base/error.h"
#include "text/small_vocabs.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

using test::bpe_vocab;
using test::spm_vocab;

void expect_refused(const Vocab& vocab, ErrorCode code, const std::string& message) {
  try {
    make_tokenizer(vocab);
    FAIL() << "accepted; expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(std::string(error.what()), "[text] small.gguf: tokenizer.ggml." + message);
  }
}

void expect_malformed(const Vocab& vocab, const std::string& message) {
  expect_refused(vocab, ErrorCode::kFormat, message);
}

TEST(BadVocab, UnknownModel) {
  Vocab vocab = spm_vocab({});
  vocab.model = "bert";
  expect_refused(vocab, ErrorCode::kUnsupported,
                 "model: \"bert\" is not supported; known: gpt2, llama");
}

TEST(BadVocab, UnknownPreTokenizerIsNamedWithTheKnownOnes) {
  try {
    make_tokenizer(bpe_vocab("no-such", {}));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    const std::string what = error.what();
    for (const char* part :
         {"small.gguf", "tokenizer.ggml.pre", "\"no-such\"", "default", "gpt-2", "llama-bpe",
          "qwen2", "starcoder", "docs/tokenizers.md", "--override-kv tokenizer.ggml.pre=str:NAME"})
      EXPECT_NE(what.find(part), std::string::npos) << part << " in " << what;
    EXPECT_LT(what.size(), 400u);
  }
  EXPECT_NO_THROW(make_tokenizer(bpe_vocab("", {})));  // absent: default
}

TEST(BadVocab, NoTokens) {
  Vocab vocab;
  vocab.model = "gpt2";
  vocab.source = "small.gguf";
  expect_malformed(vocab, "tokens: there are none");
}

TEST(BadVocab, SizesThatDiffer) {
  Vocab vocab = spm_vocab({"a"});
  vocab.scores.pop_back();
  expect_malformed(vocab, "scores: has 259 entries for 260 tokens");
  vocab = spm_vocab({"a"});
  vocab.scores.clear();
  expect_malformed(vocab, "scores: has 0 entries for 260 tokens");
  vocab = spm_vocab({"a"});
  vocab.types.push_back(TokenType::kNormal);
  expect_malformed(vocab, "token_type: has 261 entries for 260 tokens");
}

TEST(BadVocab, ValuesThatMeanNothing) {
  Vocab vocab = spm_vocab({"a"});
  vocab.scores[5] = std::numeric_limits<float>::quiet_NaN();
  expect_malformed(vocab, "scores: entry 5 is not a number");
  vocab = spm_vocab({"a"});
  vocab.types[259] = static_cast<TokenType>(7);
  expect_malformed(vocab, "token_type: entry 259 is 7, which is no type");
  vocab.types[259] = static_cast<TokenType>(-1);
  expect_malformed(vocab, "token_type: entry 259 is -1, which is no type");
}

TEST(BadVocab, ByteTokensThatNameNoByte) {
  for (const std::string name : {"<0x-1>", "<0xZZ>", "<0x>", "<0x123>", "0x41", "<0x4 >", ""}) {
    Vocab vocab = spm_vocab({});
    vocab.tokens[258] = name;
    expect_malformed(vocab, "tokens: token 258 \"" + name +
                                "\" is of type byte, but not named <0x00> to <0xFF>");
  }
}

TEST(BadVocab, DuplicateTokens) {
  Vocab vocab = spm_vocab({"a", "b", "a"});
  expect_malformed(vocab, "tokens: tokens 259 and 261 are both \"a\"");
}

TEST(BadVocab, EmptyTokensAreHarmless) {
  Vocab vocab = spm_vocab({"a", "", ""});
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(t->piece(260, true), "");
  EXPECT_EQ(test::spell(*t, test::plain(*t, "a")).back(), "a");
}

TEST(BadVocab, SpecialIdsOutOfRange) {
  const std::vector<std::pair<const char*, std::function<TokenId&(Vocab&)>>> ids = {
      {"bos_token_id", [](Vocab& v) -> TokenId& { return v.bos; }},
      {"eos_token_id", [](Vocab& v) -> TokenId& { return v.eos; }},
      {"eot_token_id", [](Vocab& v) -> TokenId& { return v.eot; }},
      {"eom_token_id", [](Vocab& v) -> TokenId& { return v.eom; }},
      {"unknown_token_id", [](Vocab& v) -> TokenId& { return v.unk; }},
  };
  for (const auto& [key, id] : ids)
    for (const TokenId bad : {260, 1 << 30, -2}) {
      Vocab vocab = spm_vocab({"a"});
      id(vocab) = bad;
      expect_malformed(
          vocab, std::string(key) + ": " + std::to_string(bad) + " is not an id of the 260 tokens");
    }
  Vocab vocab = spm_vocab({"a"});
  vocab.pad = vocab.sep = 260;  // common in real files, and never used
  EXPECT_EQ(make_tokenizer(vocab)->vocab().pad, kNoToken);
}

TEST(BadVocab, BosOrEosToAddThatIsNotThere) {
  Vocab vocab = bpe_vocab("gpt-2", {});
  vocab.add_bos = 1;
  expect_malformed(vocab, "add_bos_token: is set, but there is no bos_token_id");
  vocab.add_bos = 0;
  vocab.add_eos = 1;
  expect_malformed(vocab, "add_eos_token: is set, but there is no eos_token_id");
}

TEST(BadVocab, Merges) {
  const auto with_merge = [](const std::string& merge) {
    Vocab vocab = bpe_vocab("gpt-2", {"a b"});
    vocab.merges.push_back(merge);
    return vocab;
  };
  for (const std::string merge : {"ab", "", "a ", " a"})
    expect_malformed(with_merge(merge),
                     "merges: entry 1 \"" + merge + "\": not two tokens separated by a space");
  expect_malformed(with_merge("zz b"), "merges: entry 1 \"zz b\": \"zz\" is not a token");
  expect_malformed(with_merge("b zz"), "merges: entry 1 \"b zz\": \"zz\" is not a token");
  expect_malformed(with_merge("b c"), "merges: entry 1 \"b c\": \"bc\" is not a token");
}

TEST(BadText, InvalidUtf8NamesTheOffset) {
  for (const Vocab& vocab : {spm_vocab({"a"}), bpe_vocab("llama-bpe", {})}) try {
      make_tokenizer(vocab)->encode("caf\xe9!", {});
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(std::string(error.what()), "[text] the text is not valid UTF-8 at byte offset 3");
    }
}

TEST(BadText, ACharacterWithoutTokenBytesOrUnknown) {
  Vocab vocab;
  vocab.model = "llama";
  vocab.source = "small.gguf";
  vocab.add_bos = 0;
  vocab.add_space_prefix = 0;
  test::add_token(vocab, "a");
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(test::plain(*t, "aa"), (test::Ids{0, 0}));
  try {
    test::plain(*t, "ab");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(std::string(error.what()),
              "[text] small.gguf: tokenizer.ggml.tokens: no token for \"b\", none for its bytes, "
              "and no unknown token");
  }
}

}  // namespace
}  // namespace rocmforge::text
