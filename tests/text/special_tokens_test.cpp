#include "text/special_tokens.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/small_vocabs.h"
#include "text/sparse_bits.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

using test::Ids;
using Strings = std::vector<std::string>;

// "text|<3>|text": fragments, tokens as their ids.
std::string show(const SpecialTokens& special, const std::string& text) {
  std::string out;
  for (const Fragment& f : special.partition(text)) {
    if (!out.empty()) out += '|';
    if (f.id == kNoToken) {
      out.append(text, f.begin, f.end - f.begin);
    } else {
      out.append("<").append(std::to_string(f.id)).append(">");
    }
  }
  return out;
}

SpecialTokens make(const Strings& texts) {
  std::vector<SpecialTokens::Entry> entries;
  for (std::size_t i = 0; i < texts.size(); ++i)
    entries.push_back({static_cast<TokenId>(i), texts[i]});
  return SpecialTokens(entries);
}

TEST(SpecialTokens, CutsThemOut) {
  const Strings texts = {"<a>", "<b>"};
  const SpecialTokens s = make(texts);
  EXPECT_EQ(show(s, ""), "");
  EXPECT_EQ(show(s, "x"), "x");
  EXPECT_EQ(show(s, "<a>x<b><a>y"), "<0>|x|<1>|<0>|y");
  EXPECT_EQ(show(s, "<<a>><a"), "<|<0>|><a");
}

TEST(SpecialTokens, TheLongerWinsEvenWhenTheShorterComesFirst) {
  const Strings texts = {"ab", "bcd", "b"};
  EXPECT_EQ(show(make(texts), "abcd"), "a|<1>");
  EXPECT_EQ(show(make(texts), "abc"), "<0>|c");
  EXPECT_EQ(show(make(texts), "xbab"), "x|<2>|<0>");
}

TEST(SpecialTokens, AShorterOneTakesWhatTheLongerLost) {
  const Strings texts = {"aaa", "aa"};
  EXPECT_EQ(show(make(texts), "aaaaa"), "<0>|<1>");
  const Strings spaces = {"  ", "    "};
  EXPECT_EQ(show(make(spaces), "       x"), "<1>|<0>| x");
}

TEST(SpecialTokens, SomeSwallowTheWhiteSpaceBehind) {
  const Strings texts = {"<a>", "<b>"};
  const std::vector<SpecialTokens::Entry> entries = {{0, texts[0], true}, {1, texts[1], false}};
  const SpecialTokens s{entries};
  EXPECT_EQ(show(s, "<a> \n x <b> y"), "<0>|x |<1>| y");
  EXPECT_EQ(show(s, "<a>  <a>  "), "<0>|<0>");
}

// Token by token, the longest first, each from left to right in what is left: as it is defined.
std::string show_slowly(const Strings& texts, const std::string& text) {
  std::string marks(text.size(), '.');
  std::size_t longest = 0;
  for (const std::string& t : texts) longest = std::max(longest, t.size());
  for (std::size_t length = longest; length > 0; --length)
    for (std::size_t pos = 0; pos + length <= text.size(); ++pos)
      for (const std::string& t : texts)
        if (t.size() == length && text.compare(pos, length, t) == 0 &&
            marks.compare(pos, length, std::string(length, '.')) == 0) {
          marks[pos] = '(';
          for (std::size_t i = 1; i < length; ++i) marks[pos + i] = '-';
        }
  return marks;
}

RC_GTEST_PROP(SpecialTokens, PartitionIsAsDefined, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab")));
  Strings texts = *rc::gen::container<Strings>(letters);
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  const std::string text = *rc::gen::resize(200, letters);
  std::string marks(text.size(), '.');
  for (const Fragment& f : make(texts).partition(text)) {
    if (f.id == kNoToken) continue;
    RC_ASSERT(text.substr(f.begin, f.end - f.begin) == texts[static_cast<std::size_t>(f.id)]);
    for (std::size_t i = f.begin; i < f.end; ++i) marks[i] = i == f.begin ? '(' : '-';
  }
  RC_ASSERT(marks == show_slowly(texts, text));
}

// As above, of runs in which each token begins or ends many others, and of texts that leave less
// and less room.
RC_GTEST_PROP(SpecialTokens, PartitionOfRunsIsAsDefined, ()) {
  Strings texts;
  for (const std::size_t n : *rc::gen::container<std::set<std::size_t>>(rc::gen::inRange(1, 60)))
    texts.push_back(std::string(n, 'a'));
  texts.push_back(std::string(*rc::gen::inRange<std::size_t>(0, 9), 'a') + "b" +
                  std::string(*rc::gen::inRange<std::size_t>(0, 9), 'a'));
  const std::string text = *rc::gen::resize(
      400, rc::gen::container<std::string>(rc::gen::elementOf(std::string("aaaaaaaaaaaaaaab"))));
  std::string marks(text.size(), '.');
  for (const Fragment& f : make(texts).partition(text)) {
    if (f.id == kNoToken) continue;
    for (std::size_t i = f.begin; i < f.end; ++i) marks[i] = i == f.begin ? '(' : '-';
  }
  RC_ASSERT(marks == show_slowly(texts, text));
}

TEST(SpecialTokens, ThePlacesOfASetAreFoundInOrder) {
  for (const std::size_t n : {0u, 1u, 64u, 5000u, 300000u}) {
    SparseBits bits(n);
    EXPECT_EQ(bits.next(0), n);
    std::set<std::size_t> set;
    for (std::size_t i = 7; i < n; i = 3 * i + 1) {
      bits.set(i);
      set.insert(i);
    }
    for (std::size_t i = 0; i < n; i += 1 + i / 50) {
      const auto at = set.lower_bound(i);
      ASSERT_EQ(bits.next(i), at == set.end() ? n : *at) << i << " of " << n;
      ASSERT_EQ(bits[i], set.contains(i));
    }
  }
}

// Whatever the tokens: a text comes through without_control() as one in which no control token is
// known.
RC_GTEST_PROP(SpecialParsing, MarksHideControlTokensAndNoOthers, ()) {
  const auto word = rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc")));
  Vocab vocab = test::bpe_vocab("gpt-2", {"a b", "b c"});
  for (const std::string& token : *rc::gen::container<std::set<std::string>>(word)) {
    if (token.size() < 2 || token == "ab" || token == "bc") continue;
    test::add_token(vocab, token, 0,
                    *rc::gen::arbitrary<bool>() ? TokenType::kControl : TokenType::kUserDefined);
  }
  for (const char c : {'a', 'b'})
    if (*rc::gen::arbitrary<bool>()) vocab.types[static_cast<std::size_t>(c)] = TokenType::kControl;
  const auto t = make_tokenizer(vocab);
  const std::string text = *rc::gen::resize(100, word);
  for (const std::string mark : {"|", "||"}) {
    const std::string marked = t->without_control(text, mark);
    const EncodeOptions options = {.add_special = false, .parse_special = true, .left_out = mark};
    RC_ASSERT(t->encode(marked, options) == test::plain(*t, text));
  }
}

// A token of bytes that are no characters would cut one in two.
TEST(SpecialParsing, BytesWithinACharacterAreNoToken) {
  Vocab vocab = test::bpe_vocab("gpt-2", {});
  test::add_token(vocab, "\xa9", 0, TokenType::kUserDefined);
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(test::plain(*t, "\u00e9\u00c3"), (Ids{0xc3, 0xa9, 0xc3, 0x83}));
}

TEST(SpecialParsing, MoreBytesOfTokensThanAnyModelHasAreRefused) {
  Vocab vocab = test::bpe_vocab("gpt-2", {});
  test::add_token(vocab, std::string(5u << 20, 'a'), 0, TokenType::kControl);
  try {
    make_tokenizer(vocab);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "[text] small.gguf: tokenizer.ggml.tokens: the control and user-defined tokens "
                 "have 5242880 bytes, more than 4194304");
  }
}

TEST(SpecialParsing, ControlTokensOnlyWhenAskedUserDefinedAlways) {
  Vocab vocab = test::bpe_vocab("gpt-2", {});
  const TokenId control = test::add_token(vocab, "<c>", 0, TokenType::kControl);
  const TokenId user = test::add_token(vocab, "<u>", 0, TokenType::kUserDefined);
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(test::plain(*t, "<c><u>"), (Ids{'<', 'c', '>', user}));
  EXPECT_EQ(t->encode("<c><u>", {.add_special = false, .parse_special = true}),
            (Ids{control, user}));
  EXPECT_EQ(t->piece(user, false), "<u>");
  EXPECT_EQ(t->piece(control, false), "");
}

TEST(SpecialParsing, SentencePiecePrefixesAfterASpecialToken) {
  const auto t = make_tokenizer(test::spm_vocab({"\u2581", "a", "\u2581a"}));
  EXPECT_EQ(test::spell(*t, t->encode("a</s>a", {.parse_special = true})),
            (Strings{"<s>", "\u2581a", "</s>", "\u2581a"}));
}

TEST(SpecialParsing, Phi3SwallowsSpacesBehindItsTokens) {
  Vocab vocab = test::spm_vocab({"\u2581", "a", "\u2581a"});
  test::add_token(vocab, "<|user|>", 0, TokenType::kControl);
  vocab.model_name = "Phi-3 mini";
  const auto t = make_tokenizer(vocab);
  const EncodeOptions options = {.add_special = false, .parse_special = true};
  EXPECT_EQ(test::spell(*t, t->encode("<|user|>\n a", options)), (Strings{"<|user|>", "\u2581a"}));
  EXPECT_EQ(test::spell(*t, t->encode("<s> a", options)), (Strings{"<s>", "\u2581", "\u2581a"}));
}

TEST(EndOfGeneration, ByIdAndByName) {
  Vocab vocab = test::bpe_vocab("gpt-2", {});
  vocab.eos = 'e';
  vocab.eot = 't';
  const TokenId im_end = test::add_token(vocab, "<|im_end|>", 0, TokenType::kControl);
  const TokenId eot = test::add_token(vocab, "<|eot_id|>");  // called normal by its file
  const TokenId start = test::add_token(vocab, "<|im_start|>", 0, TokenType::kControl);
  const auto t = make_tokenizer(vocab);
  for (const TokenId id : {TokenId{'e'}, TokenId{'t'}, im_end, eot})
    EXPECT_TRUE(t->is_end_of_generation(id)) << id;
  for (const TokenId id : {TokenId{'a'}, start, kNoToken})
    EXPECT_FALSE(t->is_end_of_generation(id));
  EXPECT_TRUE(t->is_control(eot));
}

TEST(EndOfGeneration, InHarmonyTheEndOfAMessageIsNotTheEnd) {
  Vocab vocab = test::bpe_vocab("gpt-2", {});
  const TokenId end = test::add_token(vocab, "<|end|>", 0, TokenType::kControl);
  const TokenId ret = test::add_token(vocab, "<|return|>", 0, TokenType::kControl);
  EXPECT_TRUE(make_tokenizer(vocab)->is_end_of_generation(end));
  test::add_token(vocab, "<|call|>", 0, TokenType::kControl);
  EXPECT_FALSE(make_tokenizer(vocab)->is_end_of_generation(end));
  EXPECT_TRUE(make_tokenizer(vocab)->is_end_of_generation(ret));
}

}  // namespace
}  // namespace rocmforge::text
