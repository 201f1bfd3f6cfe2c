// Megabytes of one thing, within a stated time of the processor. A build that is not optimized, or
// has a sanitizer, gets a tenth of the text for it: there everything takes about ten times as long.
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "text/merge.h"
#include "text/pre_tokenizer.h"
#include "text/small_vocabs.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

#if !defined(NDEBUG) || defined(ROCMFORGE_SANITIZED)
constexpr std::size_t kShare = 10;
#else
constexpr std::size_t kShare = 1;
#endif
constexpr std::size_t kBytes = 10'000'000 / kShare;
constexpr double kSeconds = 3;         // for kBytes
constexpr double kHostileSeconds = 2;  // for what nobody writes

// Of this thread: other processes and other threads do not count.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

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
                  std::size_t share = 1) {
  const double seconds = kSeconds / static_cast<double>(share);
  const std::string text = repeat(unit, kBytes / share);
  const double start = cpu_seconds();
  const auto ids = tokenizer.encode(text, {.add_special = false, .parse_special = parse_special});
  const double encoded = cpu_seconds();
  EXPECT_LT(encoded - start, seconds) << "of \"" << unit << "\"";
  EXPECT_EQ(tokenizer.decode(ids, true), text);
  EXPECT_LT(cpu_seconds() - encoded, seconds) << "of \"" << unit << "\"";
}

class LinearTime : public ::testing::TestWithParam<const char*> {};

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

// A fifth of the text that nobody was promised.
TEST_P(LinearTime, EveryPreTokenizer) {
  const bool is_promised = std::string_view("a 7\n").find(GetParam()) != std::string_view::npos;
  for (const PreTokenizerRow& row : pre_tokenizer_rows()) {
    SCOPED_TRACE(row.name);
    const auto t = make_tokenizer(test::bpe_vocab(std::string(row.name), runs("a")));
    expect_quick(*t, GetParam(), true, is_promised ? 1 : 5);
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

// Texts against tokens that are long, or many that begin or end alike.
class HostileTokens : public ::testing::Test {
 protected:
  static void expect_quick_partition(const std::vector<std::string>& tokens,
                                     const std::string& text) {
    Vocab vocab = test::bpe_vocab("gpt-2", {"a a", "aa aa", "aaaa aaaa"});
    for (const std::string& token : tokens) test::add_token(vocab, token, 0, TokenType::kControl);
    const double start = cpu_seconds();
    const auto tokenizer = make_tokenizer(vocab);
    const double made = cpu_seconds();
    EXPECT_LT(made - start, kHostileSeconds);
    const auto ids = tokenizer->encode(text, {.add_special = false, .parse_special = true});
    const double encoded = cpu_seconds();
    EXPECT_LT(encoded - made, kHostileSeconds);
    EXPECT_EQ(tokenizer->decode(ids, true), text);
    const std::string marked = tokenizer->without_control(text, "|");
    EXPECT_LT(cpu_seconds() - encoded, 2 * kHostileSeconds);  // there and back
    EXPECT_EQ(tokenizer->encode(marked, {.parse_special = true, .left_out = "|"}),
              test::plain(*tokenizer, text));
  }
  static constexpr std::size_t kHostileBytes = 1'000'000 / kShare;
};

TEST_F(HostileTokens, OneOfThousandsOfBytesAndATextOfItsBeginning) {
  expect_quick_partition({std::string(4000, 'a') + "b"}, std::string(kHostileBytes, 'a'));
  expect_quick_partition({std::string(1u << 20, 'a') + "b"}, std::string(kHostileBytes, 'a'));
}

TEST_F(HostileTokens, OneOfThousandsOfBytesAndATextOfItsEnd) {
  expect_quick_partition({"b" + std::string(4000, 'a')}, std::string(kHostileBytes, 'a'));
}

TEST_F(HostileTokens, ThousandsThatBeginAlike) {
  std::vector<std::string> runs_of_a, ends;
  for (std::size_t n = 16; n < 2800; ++n) runs_of_a.emplace_back(n, 'a');
  expect_quick_partition(runs_of_a, std::string(kHostileBytes, 'a'));
  expect_quick_partition(runs_of_a, repeat(std::string(2799, 'a') + "b", kHostileBytes));
  for (std::size_t n = 16; n < 2800; ++n) ends.push_back(std::string(n, 'a') + "b");
  expect_quick_partition(ends, repeat(std::string(4000, 'a') + "b", kHostileBytes));
  expect_quick_partition(ends, std::string(kHostileBytes, 'a'));
}

// Each time that a place is lost the next shorter token is tried.
TEST_F(HostileTokens, ThousandsThatLoseTheirPlaces) {
  std::vector<std::string> tokens;
  for (std::size_t n = 16; n < 2000; ++n) tokens.emplace_back(n, 'a');
  tokens.push_back(std::string(1, 'b') + std::string(1990, 'c'));
  std::string unit(1999, 'a');
  expect_quick_partition(tokens, repeat(unit + "b" + std::string(1990, 'c'), kHostileBytes));
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
