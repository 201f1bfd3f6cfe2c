// Masks against what they stand for: every token tried by itself.
#include "constrain/token_grammar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "text/small_vocabs.h"

namespace rocmforge::constrain {
namespace {

struct Words {
  std::unique_ptr<text::Tokenizer> tokenizer;
  std::shared_ptr<const TokenTable> table;

  explicit Words(text::Vocab vocab)
      : tokenizer(text::make_tokenizer(std::move(vocab))),
        table(std::make_shared<TokenTable>(*tokenizer, tokenizer->size() + 5)) {}
  std::shared_ptr<const TokenGrammar> grammar(std::shared_ptr<const Grammar> g) const {
    return std::make_shared<TokenGrammar>(std::move(g), table);
  }
};

// Pieces short and long, of one byte and across borders; two of the same bytes.
text::Vocab pieces() {
  text::Vocab vocab = test::spm_vocab({"a",
                                       "b",
                                       "ab",
                                       "abab",
                                       "aaaaaaaaaaaaaaaa",
                                       "aaaaaaaaaaaaaaaaaaaaaaaa",
                                       "abababababababababab",
                                       "\"",
                                       "\",",
                                       "\", \"",
                                       "{\"",
                                       "[\"a\"",
                                       "a\",\"a\",\"a\",\"a\",\"a\"",
                                       "]",
                                       "]]",
                                       "\"]",
                                       "1",
                                       "11",
                                       "111111111111111111",
                                       "\xe2\x96\x81",
                                       "\xe2\x96\x81"
                                       "a",
                                       "\xe2\x96\x81"
                                       "aaaaaaaaaaaaaaaaaaaaa",
                                       "\xc3\xa9",
                                       "\xe2\x82",
                                       "\x82\xac"});
  vocab.eos = 2;
  return vocab;
}

// Random allowed walks; at each state all of the mask is looked at.
void expect_exact(const Words& setup, const std::shared_ptr<const TokenGrammar>& grammar,
                  bool drops_space, unsigned seed) {
  std::mt19937 random(seed);
  Matcher matcher(grammar, drops_space);
  std::vector<std::uint32_t> mask(setup.table->mask_words());
  for (int step = 0; step < 40; ++step) {
    matcher.mask(mask);
    std::vector<text::TokenId> allowed;
    for (text::TokenId t = 0; t < setup.table->n_vocab(); ++t) {
      const bool set = (mask[static_cast<std::size_t>(t) / 32] >> (t % 32) & 1) != 0;
      Matcher copy = matcher;
      const bool fits = t < setup.tokenizer->size() && copy.accept(t);
      ASSERT_EQ(set, fits) << "token " << t << " '" << setup.tokenizer->piece(t, true)
                           << "' in step " << step;
      if (set && !setup.tokenizer->is_end_of_generation(t)) allowed.push_back(t);
    }
    if (allowed.empty()) return;
    ASSERT_TRUE(matcher.accept(allowed[random() % allowed.size()]));
  }
}

TEST(TokenGrammar, MasksAreExact) {
  const Words setup(pieces());
  for (const char* schema :
       {R"({})", R"({"type":"string","maxLength":45})", R"({"type":"string","minLength":30})",
        R"({"type":"array","items":{"type":"string","minLength":1,"maxLength":25},"minItems":19})",
        R"({"type":"array","items":{"type":"integer"}})",
        R"({"type":"object","properties":{"a":{"type":"string"},"ab":{"type":"integer"}}})"}) {
    SCOPED_TRACE(schema);
    const auto grammar = setup.grammar(grammar_of_schema(schema));
    for (unsigned seed = 0; seed < 12; ++seed) expect_exact(setup, grammar, seed % 2 == 1, seed);
  }
  for (const char* pattern : {"(ab){5,30}", "a{17,100}b", "(a|ab)*", "\\x{a9}?[^a]*", " ?a+"}) {
    SCOPED_TRACE(pattern);
    std::string text = pattern;
    if (text[0] == '\\') text = "[^a]*";
    const auto grammar = setup.grammar(grammar_of_regex(text));
    for (unsigned seed = 0; seed < 12; ++seed) expect_exact(setup, grammar, seed % 2 == 1, seed);
  }
  const auto nested = setup.grammar(grammar_of_gbnf("root ::= \"[\" root* \"]\" | \"a\""));
  for (unsigned seed = 0; seed < 12; ++seed) expect_exact(setup, nested, false, seed);
}

// Enough pieces of a kind that a whole branch of the vocabulary's tree is taken, or left, at once.
TEST(TokenGrammar, MasksOfManyPiecesAreExact) {
  std::vector<std::string> many = {"\"", "\"]", "\",", "\", \"", "[\"", "]"};
  const std::vector<std::string> parts = {"a",        "b",  "e",   "1", "\xe2\x82\xac",
                                          "\xc3\xa9", "\"", "\xc3"};
  std::mt19937 random(1);
  for (std::size_t n = 0; n < 900; ++n) {
    std::string piece;
    for (std::size_t i = 0; i < 2 + n / 60; ++i)
      piece += parts[random() % (n % 3 == 0 ? 2 : parts.size())];
    many.push_back(piece);
  }
  std::sort(many.begin(), many.end());
  many.erase(std::unique(many.begin(), many.end()), many.end());
  text::Vocab vocab = test::spm_vocab(many);
  vocab.eos = 2;
  const Words setup(std::move(vocab));
  for (const char* schema :
       {R"({"type":"string"})", R"({"type":"string","minLength":25,"maxLength":60})",
        R"({"type":"array","items":{"type":"string","minLength":1,"maxLength":20},"minItems":19})",
        R"({"type":"object","additionalProperties":{"type":"string"},"properties":{"ab":{}}})",
        R"({"type":"string","pattern":"^[a-z]*(b|\\u20ac)+$"})"}) {
    SCOPED_TRACE(schema);
    const auto grammar = setup.grammar(grammar_of_schema(schema));
    for (unsigned seed = 0; seed < 6; ++seed) expect_exact(setup, grammar, false, seed);
  }
  for (const char* pattern : {"[ab]{3,40}", "[^b]{0,70}", "(\\w{1,30},){2,50}", "[^\\u00e9]*"}) {
    SCOPED_TRACE(pattern);
    const auto grammar = setup.grammar(grammar_of_regex(pattern));
    for (unsigned seed = 0; seed < 6; ++seed) expect_exact(setup, grammar, seed % 2 == 1, seed);
  }
}

bool allowed(Matcher& matcher, const Words& setup, text::TokenId token) {
  std::vector<std::uint32_t> mask(setup.table->mask_words());
  matcher.mask(mask);
  return (mask[static_cast<std::size_t>(token) / 32] >> (token % 32) & 1) != 0;
}

TEST(TokenGrammar, EndsExactlyWhereTheTextMay) {
  const Words setup(pieces());
  const text::TokenId a = setup.tokenizer->find_token("a"), eos = 2;
  Matcher matcher(setup.grammar(grammar_of_regex("a{1,2}")), false);
  EXPECT_FALSE(allowed(matcher, setup, eos));
  EXPECT_FALSE(matcher.accept(eos));
  ASSERT_TRUE(matcher.accept(a));
  EXPECT_TRUE(allowed(matcher, setup, eos));
  EXPECT_TRUE(matcher.may_end());
  EXPECT_FALSE(matcher.must_end());
  ASSERT_TRUE(matcher.accept(a));
  EXPECT_TRUE(matcher.must_end());
  EXPECT_TRUE(allowed(matcher, setup, eos));
  EXPECT_FALSE(allowed(matcher, setup, a));
  EXPECT_FALSE(allowed(matcher, setup, 1));  // a control token, never
}

TEST(TokenGrammar, AnEmptyMaskIsTold) {
  const Words setup(test::spm_vocab({"b"}, false));
  Matcher matcher(setup.grammar(grammar_of_regex("ba")), false);
  std::vector<std::uint32_t> mask(setup.table->mask_words());
  EXPECT_TRUE(matcher.mask(mask));
  ASSERT_TRUE(matcher.accept(setup.tokenizer->find_token("b")));
  EXPECT_FALSE(matcher.mask(mask));
}

// The first piece's space is not shown, so it does not count, but where the text is to begin so.
TEST(TokenGrammar, TheSpaceThatIsDropped) {
  const Words setup(pieces());
  const text::TokenId plain = setup.tokenizer->find_token("a"),
                      spaced = setup.tokenizer->find_token(
                          "\xe2\x96\x81"
                          "a"),
                      space = setup.tokenizer->find_token("\xe2\x96\x81");
  Matcher dropping(setup.grammar(grammar_of_regex("a+")), true);
  EXPECT_TRUE(allowed(dropping, setup, plain));
  EXPECT_TRUE(allowed(dropping, setup, spaced));
  EXPECT_FALSE(allowed(dropping, setup, space));
  ASSERT_TRUE(dropping.accept(spaced));
  EXPECT_FALSE(allowed(dropping, setup, spaced));
  Matcher keeping(setup.grammar(grammar_of_regex("a+")), false);
  EXPECT_FALSE(allowed(keeping, setup, spaced));
}

TEST(TokenGrammar, TextFromElsewhereCounts) {
  const Words setup(pieces());
  Matcher matcher(setup.grammar(grammar_of_regex("xyza")), false);
  EXPECT_FALSE(matcher.accept(std::string_view("xq")));
  EXPECT_TRUE(matcher.accept(std::string_view("xyz")));
  EXPECT_TRUE(allowed(matcher, setup, setup.tokenizer->find_token("a")));
}

// A grammar in which each text is a state of its own: what is kept stays bounded, and matchers go
// on when the tables are begun anew.
TEST(TokenGrammar, WhatIsKeptIsBounded) {
  const Words setup(test::spm_vocab({"a", "b"}));
  const auto grammar = setup.grammar(
      grammar_of_gbnf("root ::= a* \"!\"\na ::= \"a\" | \"b\" a a \"c\" | [d-z] a [d-z]"));
  std::vector<std::uint32_t> mask(setup.table->mask_words());
  std::vector<Matcher> matchers(4, Matcher(grammar, false));
  std::mt19937 random(1);
  std::size_t most = 0;
  for (int step = 0; step < 20000; ++step) {
    Matcher& matcher = matchers[random() % matchers.size()];
    ASSERT_TRUE(matcher.mask(mask));
    text::TokenId token = 0;
    do
      token = static_cast<text::TokenId>(random() % static_cast<unsigned>(setup.tokenizer->size()));
    while ((mask[static_cast<std::size_t>(token) / 32] >> (token % 32) & 1) == 0);
    if (setup.tokenizer->is_end_of_generation(token)) matcher = Matcher(grammar, false);
    ASSERT_TRUE(matcher.accept(token) || setup.tokenizer->is_end_of_generation(token));
    most = std::max(most, grammar->kept_bytes());
  }
  EXPECT_LT(most, TokenGrammar::kMostStates + TokenGrammar::kMostMasks + (32U << 20));
}

}  // namespace
}  // namespace rocmforge::constrain
