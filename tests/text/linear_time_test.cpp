// Megabytes of one thing: quadratic behaviour anywhere would take hours here.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "text/merge.h"
#include "text/pre_tokenizer.h"
#include "text/small_vocabs.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

constexpr std::size_t kBytes = 10'000'000;
constexpr double kSeconds = 20;  // about ten times what a slow core needs

std::string repeat(const std::string& unit, std::size_t n_bytes) {
  std::string text;
  text.reserve(n_bytes);
  while (text.size() + unit.size() <= n_bytes) text += unit;
  return text;
}

// Tokens for runs of `letter` (as the vocabulary spells it) of 2, 4, 8, 16.
std::vector<std::string> runs(const std::string& letter) {
  std::vector<std::string> all;
  for (std::string run = letter; run.size() < 16 * letter.size(); run += run)
    all.push_back(run + " " + run);
  return all;
}

void expect_quick(const Tokenizer& tokenizer, const std::string& unit, bool parse_special,
                  std::size_t n_bytes = kBytes) {
  const std::string text = repeat(unit, n_bytes);
  const auto start = std::chrono::steady_clock::now();
  const auto ids = tokenizer.encode(text, {.add_special = false, .parse_special = parse_special});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(seconds.count(), kSeconds) << "of \"" << unit << "\"";
  EXPECT_EQ(tokenizer.decode(ids, true), text);
}

class LinearTime : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
#if !defined(NDEBUG) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "only an optimized build is timed";
#endif
  }
};

TEST_P(LinearTime, ByteBpe) {
  std::vector<std::string> merges;
  for (const std::string letter : {"a", "\u0120", "\u010a", "7", "!", "<"})
    for (const std::string& merge : runs(letter)) merges.push_back(merge);
  for (const char* pre : {"default", "llama-bpe"}) {
    SCOPED_TRACE(pre);
    Vocab vocab = test::bpe_vocab(pre, merges);
    test::add_token(vocab, "<|im_end|>", 0, TokenType::kControl);
    expect_quick(*make_tokenizer(vocab), GetParam(), true);
  }
}

// A tenth of that for each: quadratic time would still be a quarter of an hour and more.
TEST_P(LinearTime, EveryPreTokenizer) {
  for (const PreTokenizerRow& row : pre_tokenizer_rows()) {
    SCOPED_TRACE(row.name);
    const auto t = make_tokenizer(test::bpe_vocab(std::string(row.name), runs("a")));
    expect_quick(*t, GetParam(), true, kBytes / 10);
  }
}

TEST_P(LinearTime, SentencePiece) {
  std::vector<std::string> pieces = {"\u2581", "a", "x", "7", "<"};
  for (const std::string letter : {"a", "\u2581", "7", "<"})
    for (std::string merge : runs(letter)) {
      merge.erase(merge.find(' '), 1);
      pieces.push_back(merge);
    }
  Vocab vocab = test::spm_vocab(pieces);
  for (std::size_t n = 2; n < 32; ++n)  // as some models have them, for runs of spaces
    test::add_token(vocab, std::string(n, '\t'), 0, TokenType::kUserDefined);
  expect_quick(*make_tokenizer(vocab), GetParam(), true);
}

// Counted, not timed: pairs looked at, of a word in which all merges to runs of 16.
TEST(LinearWork, MergesLookAtAFewPairsASymbol) {
  const auto looks = [](std::uint32_t n) {
    Merger merger;
    for (std::uint32_t i = 0; i < n; ++i) merger.add({0, i, i + 1});
    std::uint64_t count = 0;
    const auto find = [&](const Symbol& left, const Symbol& right) {
      ++count;
      const bool joins = left.id == right.id && left.id < 4;
      return joins ? Merge{static_cast<std::uint32_t>(left.id), left.id + 1} : Merge{};
    };
    std::uint32_t end = 0;
    merger.run(find, [&](const Symbol& symbol) {
      EXPECT_EQ(symbol.begin, end);
      end = symbol.end;
    });
    EXPECT_EQ(end, n);
    return count;
  };
  for (const std::uint32_t n : {1u << 10, 1u << 14, 1u << 18}) {
    EXPECT_LE(looks(n), 3u * n);
    EXPECT_LE(looks(2 * n), 2 * looks(n) + 16);
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, LinearTime,
                         ::testing::Values("a", " ", "7", "\n", "\t", "<", "!", "\u00e9", "a ",
                                           "<|im_end|>", "<|im_en", "                x"));

}  // namespace
}  // namespace rocmforge::text
