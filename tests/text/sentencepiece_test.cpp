#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/small_vocabs.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

using test::Ids;
using test::plain;
using test::spell;
using Strings = std::vector<std::string>;

TEST(SentencePiece, TheBestScoreMergesFirst) {
  // Scores fall in this order: "bc" wins over "ab", although it stands further right.
  const auto t = make_tokenizer(test::spm_vocab({"\u2581", "a", "b", "c", "bc", "ab", "abc"}));
  EXPECT_EQ(spell(*t, plain(*t, "abc")), (Strings{"\u2581", "abc"}));
  EXPECT_EQ(spell(*t, plain(*t, "abab")), (Strings{"\u2581", "ab", "ab"}));
  EXPECT_EQ(spell(*t, plain(*t, "cabcb")), (Strings{"\u2581", "c", "abc", "b"}));
}

TEST(SentencePiece, OfEqualScoresTheLeftmostMergesFirst) {
  Vocab vocab = test::spm_vocab({"\u2581", "a"});
  test::add_token(vocab, "aa", -5);
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(spell(*t, plain(*t, "aaa")), (Strings{"\u2581", "aa", "a"}));
}

TEST(SentencePiece, PrefixesASpaceAndMarksSpaces) {
  const auto t = make_tokenizer(test::spm_vocab({"\u2581", "a", "\u2581a"}));
  EXPECT_EQ(spell(*t, t->encode("a a", {})), (Strings{"<s>", "\u2581a", "\u2581a"}));
  EXPECT_EQ(spell(*t, plain(*t, "")), Strings{});
  EXPECT_EQ(t->encode("", {}), Ids{1});

  Vocab bare = test::spm_vocab({"\u2581", "a", "\u2581a"});
  bare.add_space_prefix = 0;
  const auto u = make_tokenizer(bare);
  EXPECT_EQ(spell(*u, plain(*u, "a a")), (Strings{"a", "\u2581a"}));
  EXPECT_FALSE(u->strips_leading_space());
}

TEST(SentencePiece, RemovesExtraSpacesWhereTheFileWantsIt) {
  Vocab vocab = test::spm_vocab({"\u2581", "a", "b"});
  vocab.remove_extra_whitespaces = 1;
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(spell(*t, plain(*t, "  a   b ")), (Strings{"\u2581", "a", "\u2581", "b"}));
  EXPECT_EQ(spell(*t, plain(*t, "   ")), Strings{});
  vocab.remove_extra_whitespaces = 0;
  EXPECT_EQ(plain(*make_tokenizer(vocab), " a  b ").size(), 7u);
}

TEST(SentencePiece, FallsBackToBytes) {
  const auto t = make_tokenizer(test::spm_vocab({"\u2581", "a"}));
  EXPECT_EQ(plain(*t, "\u00e9"), (Ids{259, 3 + 0xc3, 3 + 0xa9}));
  EXPECT_EQ(t->decode(plain(*t, "a\u00e9\n"), false), "a\u00e9\n");
}

TEST(SentencePiece, WithoutBytesOneUnknownForACharacter) {
  const auto t = make_tokenizer(test::spm_vocab({"\u2581", "a"}, false));
  EXPECT_EQ(spell(*t, plain(*t, "a\u00e9z")), (Strings{"\u2581", "a", "<unk>", "<unk>"}));
}

TEST(SentencePiece, AMergeMayStartFromACharacterThatIsNoToken) {
  const auto t = make_tokenizer(test::spm_vocab({"\u2581", "xy"}, false));
  EXPECT_EQ(spell(*t, plain(*t, "xyx")), (Strings{"\u2581", "xy", "<unk>"}));
}

TEST(SentencePiece, PlainTextNeverBecomesAControlOrByteToken) {
  Vocab vocab = test::spm_vocab({"\u2581", "<", "s", ">", "s>", "0", "x", "A", "<0", "x0", "A>"});
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(spell(*t, plain(*t, "<s>")), (Strings{"\u2581", "<", "s>"}));
  EXPECT_EQ(t->encode("<s>", {.add_special = false, .parse_special = true}), Ids{1});
}

TEST(SentencePiece, PiecesGiveSpacesAndBytes) {
  Vocab vocab = test::spm_vocab({"\u2581a\u2581b"});
  const TokenId user = test::add_token(vocab, "\u2581u", 0, TokenType::kUserDefined);
  const TokenId unused = test::add_token(vocab, "never", 0, TokenType::kUnused);
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(t->piece(259, false), " a b");
  EXPECT_EQ(t->piece(3 + 0xff, false), "\xff");
  EXPECT_EQ(t->piece(user, false), "\u2581u");  // as it stands
  EXPECT_EQ(t->piece(unused, true), "");
  EXPECT_EQ(t->piece(1, false), "");
  EXPECT_EQ(t->piece(1, true), "<s>");
  EXPECT_EQ(t->decode(Ids{1, 259}, false), "a b");
  EXPECT_EQ(t->decode(Ids{1, 259}, true), "<s>a b");
}

// The rule itself, quadratic: of all neighbours whose text is a token, join the best, leftmost.
Strings merge_slowly(const std::map<std::string, float>& scores, const std::string& text) {
  Strings parts;
  for (const char c : text) parts.emplace_back(1, c);
  for (;;) {
    std::size_t best = parts.size();
    float best_score = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = scores.find(parts[i] + parts[i + 1]);
      if (found == scores.end() || (best != parts.size() && found->second <= best_score)) continue;
      best = i;
      best_score = found->second;
    }
    if (best == parts.size()) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

RC_GTEST_PROP(SentencePiece, MergesAsTheRuleSays, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc")));
  Vocab vocab = test::spm_vocab({"a", "b", "c"});
  vocab.add_space_prefix = 0;
  std::map<std::string, float> scores;
  for (const std::string& word : *rc::gen::container<Strings>(letters)) {
    if (word.size() < 2 || word.size() > 6 || scores.contains(word)) continue;
    const float score = static_cast<float>(*rc::gen::inRange(-4, 0));  // with ties
    scores[word] = score;
    test::add_token(vocab, word, score);
  }
  const auto t = make_tokenizer(vocab);
  const std::string text = *rc::gen::resize(400, letters);
  RC_ASSERT(spell(*t, plain(*t, text)) == merge_slowly(scores, text));
}

}  // namespace
}  // namespace rocmforge::text
