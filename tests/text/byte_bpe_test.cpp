#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "text/small_vocabs.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

using test::bpe_vocab;
using test::Ids;
using test::plain;
using test::spell;
using Strings = std::vector<std::string>;

TEST(ByteBpe, MergesInTheOrderOfTheList) {
  const auto t = make_tokenizer(bpe_vocab("gpt-2", {"b c", "a b", "a bc"}));
  EXPECT_EQ(spell(*t, plain(*t, "abc")), (Strings{"abc"}));
  EXPECT_EQ(spell(*t, plain(*t, "abcab")), (Strings{"abc", "ab"}));
  const auto u = make_tokenizer(bpe_vocab("gpt-2", {"a b", "b c", "a bc"}));
  EXPECT_EQ(spell(*u, plain(*u, "abc")), (Strings{"ab", "c"}));
}

TEST(ByteBpe, NeverMergesAcrossStretches) {
  const auto t = make_tokenizer(bpe_vocab("gpt-2", {"a \u0120", "\u0120 b"}));
  EXPECT_EQ(spell(*t, plain(*t, "a b")), (Strings{"a", "\u0120b"}));
}

TEST(ByteBpe, SpellsBytesAsPrintableCharacters) {
  const auto t = make_tokenizer(bpe_vocab("gpt-2", {"\u00c3 \u00a9"}));
  const Ids ids = plain(*t, "\u00e9\n\x7f");
  EXPECT_EQ(ids, (Ids{256, '\n', 0x7f}));
  EXPECT_EQ(t->piece(256, false), "\u00e9");
  EXPECT_EQ(t->piece('\n', false), "\n");
}

TEST(ByteBpe, OnlyLlama3IgnoresMergesForWholeWords) {
  for (const auto& [pre, expected] : std::map<std::string, Strings>{
           {"gpt-2", {"a", "b", "c"}}, {"llama-bpe", {"abc"}}, {"llama3", {"abc"}}}) {
    Vocab vocab = bpe_vocab(pre, {});
    test::add_token(vocab, "abc");
    const auto t = make_tokenizer(vocab);
    EXPECT_EQ(spell(*t, plain(*t, "abc")), expected) << pre;
    EXPECT_EQ(spell(*t, plain(*t, "abcd")), (Strings{"a", "b", "c", "d"})) << pre;
  }
}

TEST(ByteBpe, AWholeWordIsNeverAControlToken) {
  Vocab vocab = bpe_vocab("llama-bpe", {});
  const TokenId control = test::add_token(vocab, "stop", 0, TokenType::kControl);
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(plain(*t, "stop"), (Ids{'s', 't', 'o', 'p'}));
  EXPECT_EQ(t->encode("stop", {.add_special = false, .parse_special = true}), Ids{control});
}

TEST(ByteBpe, BosIsTheFilesOrThePreTokenizers) {
  const auto adds_bos = [](const std::string& pre, int from_file, TokenId bos) {
    Vocab vocab = bpe_vocab(pre, {});
    vocab.add_bos = from_file;
    vocab.bos = bos;
    return make_tokenizer(vocab)->adds_bos();
  };
  EXPECT_TRUE(adds_bos("llama-bpe", -1, 0));
  EXPECT_FALSE(adds_bos("llama-bpe", -1, kNoToken));
  EXPECT_FALSE(adds_bos("llama-bpe", 0, 0));
  EXPECT_FALSE(adds_bos("gpt-2", -1, 0));
  EXPECT_TRUE(adds_bos("gpt-2", 1, 0));
}

TEST(ByteBpe, AddsBosAndEosOnlyWhenAsked) {
  Vocab vocab = bpe_vocab("qwen2", {});
  vocab.bos = 1;
  vocab.eos = 2;
  vocab.add_bos = vocab.add_eos = 1;
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(t->encode("a", {}), (Ids{1, 'a', 2}));
  EXPECT_EQ(plain(*t, "a"), Ids{'a'});
}

TEST(ByteBpe, AByteWithoutATokenIsLeftOutAndLogged) {
  Vocab vocab = bpe_vocab("gpt-2", {});
  vocab.tokens['b'] = "<gone>";
  const auto t = make_tokenizer(vocab);
  std::string logged;
  set_log_sink([&](LogLevel, std::string_view message) { logged += message; });
  EXPECT_EQ(plain(*t, "abc"), (Ids{'a', 'c'}));
  set_log_sink({});
  EXPECT_NE(logged.find("byte 98"), std::string::npos) << logged;
}

TEST(ByteBpe, ATokenOutsideTheAlphabetStandsForItsText) {
  Vocab vocab = bpe_vocab("gpt-2", {});
  const TokenId id = test::add_token(vocab, "a\u2581b");
  const auto t = make_tokenizer(vocab);
  EXPECT_EQ(t->piece(id, false), "a\u2581b");
}

using Ranks = std::map<std::pair<std::string, std::string>, std::size_t>;

// The rule itself, quadratic.
Strings merge_slowly(const Ranks& ranks, const std::string& text) {
  Strings parts;
  for (const char c : text) parts.emplace_back(1, c);
  for (;;) {
    std::size_t best = parts.size(), best_rank = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find({parts[i], parts[i + 1]});
      if (found == ranks.end() || (best != parts.size() && found->second >= best_rank)) continue;
      best = i;
      best_rank = found->second;
    }
    if (best == parts.size()) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

RC_GTEST_PROP(ByteBpe, MergesAsTheRuleSays, ()) {
  // Merges of what is there already, in random order, with duplicates.
  Strings known = {"a", "b", "c"}, merges;
  Ranks ranks;
  for (int i = *rc::gen::inRange(0, 30); i > 0; --i) {
    const std::string left = *rc::gen::elementOf(known), right = *rc::gen::elementOf(known);
    if (left.size() + right.size() > 12) continue;
    known.push_back(left + right);
    merges.push_back(left + " " + right);
  }
  merges = *rc::gen::exec([&] {
    Strings shuffled = merges;
    for (std::size_t i = shuffled.size(); i > 1; --i)
      std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
    return shuffled;
  });
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const std::size_t space = merges[i].find(' ');
    ranks.try_emplace({merges[i].substr(0, space), merges[i].substr(space + 1)}, i);
  }
  const auto t = make_tokenizer(bpe_vocab("gpt-2", merges));
  const std::string text = *rc::gen::resize(
      400, rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc"))));
  RC_ASSERT(spell(*t, plain(*t, text)) == merge_slowly(ranks, text));
}

}  // namespace
}  // namespace rocmforge::text
