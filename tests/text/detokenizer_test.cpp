#include "text/detokenizer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "text/small_vocabs.h"
#include "text/utf8.h"

namespace rocmforge::text {
namespace {

using test::Ids;

Ids bytes(std::string_view text) {
  Ids ids;
  for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

TEST(Detokenizer, HoldsACharacterBackUntilItIsWhole) {
  const auto t = make_tokenizer(test::bpe_vocab("gpt-2", {}));
  Detokenizer d(*t, true);
  const std::string emoji = "\U0001F600";
  for (std::size_t i = 0; i + 1 < emoji.size(); ++i)
    EXPECT_EQ(d.push(static_cast<unsigned char>(emoji[i])), "");
  EXPECT_EQ(d.push(static_cast<unsigned char>(emoji.back())), emoji);
  EXPECT_EQ(d.push('a'), "a");
  EXPECT_EQ(d.flush(), "");
}

TEST(Detokenizer, BytesThatMakeNoCharacterBecomeReplacements) {
  const auto t = make_tokenizer(test::bpe_vocab("gpt-2", {}));
  // Unicode 15, table 3-8: one for each maximal ill-formed part.
  EXPECT_EQ(t->decode(bytes("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63"), false),
            "a\ufffd\ufffd\ufffdb\ufffdc");
  Detokenizer d(*t, true);
  EXPECT_EQ(d.push(0xe2), "");
  EXPECT_EQ(d.push('x'), "\ufffdx");
  EXPECT_EQ(d.push(0xe2), "");
  EXPECT_EQ(d.push(0x82), "");
  EXPECT_EQ(d.flush(), "\ufffd");
  EXPECT_EQ(d.flush(), "");
}

TEST(Detokenizer, ByteTokensOfSentencePieceMakeCharactersToo) {
  const auto t = make_tokenizer(test::spm_vocab({"\u2581", "a"}));
  const auto byte = [](int b) { return TokenId{3 + b}; };
  EXPECT_EQ(t->decode(Ids{byte(0xc3), byte(0xa9), 260}, false), "\u00e9a");
  EXPECT_EQ(t->decode(Ids{260, byte(0xff), byte(0xe2), byte(0x82), 260, byte(0x80)}, false),
            "a\ufffd\ufffda\ufffd");
  Detokenizer d(*t, true);
  EXPECT_EQ(d.push(byte(0xe2)), "");
  EXPECT_EQ(d.push(260), "\ufffda");
  EXPECT_EQ(d.push(byte(0xf0)), "");
  EXPECT_EQ(d.flush(), "\ufffd");
}

TEST(Tokenizer, IllFormedTextIsRefusedWithItsPlace) {
  const auto spm = make_tokenizer(test::spm_vocab({"\u2581", "a"}));
  const auto bpe = make_tokenizer(test::bpe_vocab("gpt-2", {}));
  for (const auto* t : {spm.get(), bpe.get()}) {
    for (const char* text : {"aaa\xff", "aaa\xe2\x82", "aaa\xc0\xaf", "aaa\xed\xa0\x80"}) {
      try {
        t->encode(text, {});
        ADD_FAILURE() << "taken: " << text;
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
        EXPECT_STREQ(e.what(), "[text] the text is not valid UTF-8 at byte offset 3");
      }
    }
  }
}

TEST(Detokenizer, DropsTheSpacePrefixOnceAndOnlyAtTheStart) {
  const auto t = make_tokenizer(test::spm_vocab({"\u2581a", "\u2581"}));
  const TokenId a = 259, space = 260;
  const auto text = [&](bool at_start, bool special, const Ids& ids) {
    Detokenizer d(*t, at_start, special);
    std::string out;
    for (const TokenId id : ids) out += d.push(id);
    return out + d.flush();
  };
  EXPECT_EQ(text(true, false, {a, a}), "a a");
  EXPECT_EQ(text(true, false, {1, a, a}), "a a");
  EXPECT_EQ(text(true, false, {space, space, a}), "  a");
  EXPECT_EQ(text(false, false, {a, a}), " a a");
  EXPECT_EQ(text(true, true, {1, a, 2}), "<s>a</s>");
  EXPECT_EQ(text(true, false, {1, a, 2}), "a");
}

RC_GTEST_PROP(Detokenizer, AnyBytesComeOutAsWholeCharacters,
              (const std::vector<unsigned char>& raw)) {
  const auto t = make_tokenizer(test::bpe_vocab("gpt-2", {}));
  Detokenizer d(*t, true);
  std::string all;
  for (const unsigned char byte : raw) {
    const std::string out = d.push(byte);
    RC_ASSERT(find_invalid_utf8(out) == std::string_view::npos);
    all += out;
  }
  all += d.flush();
  RC_ASSERT(all == t->decode(Ids(raw.begin(), raw.end()), false));
  const std::string text(raw.begin(), raw.end());
  if (find_invalid_utf8(text) == std::string_view::npos) RC_ASSERT(all == text);
}

}  // namespace
}  // namespace rocmforge::text
