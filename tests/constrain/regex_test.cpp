#include <gtest/gtest.h>

#include "constrain/accepts.h"

namespace rocmforge::constrain {
namespace {

using test::expect_all;
using test::refusal;
using test::takes;

std::string regex_refusal(const std::string& pattern) {
  return refusal([&] { grammar_of_regex(pattern); });
}

TEST(Regex, TakesWhatItSays) {
  expect_all(grammar_of_regex("a|bc|"), true, {"a", "bc", ""});
  expect_all(grammar_of_regex("a|bc"), false, {"", "b", "ab", "abc"});
  expect_all(grammar_of_regex("^(?:ab)+c?$"), true, {"ab", "abab", "ababc"});
  expect_all(grammar_of_regex("(ab)+c?"), false, {"", "aba", "abcc", "c"});
  expect_all(grammar_of_regex("[a-c]{2,3}"), true, {"ab", "ccc"});
  expect_all(grammar_of_regex("[a-c]{2,3}"), false, {"a", "abca", "ad"});
  expect_all(grammar_of_regex("[^a-c\\d]{2,}?"), true, {"xy", "\xc3\xa9\xe2\x82\xac", "zzzzz"});
  expect_all(grammar_of_regex("[^a-c\\d]{2,}"), false, {"x", "xa", "x1"});
  expect_all(grammar_of_regex("\\w+\\s\\W\\S\\D\\d"), true, {"ab_9 .xy7"});
  expect_all(grammar_of_regex("a.c"), true,
             {"abc",
              "a\xf0\x9f\x98\x80"
              "c"});
  expect_all(grammar_of_regex("a.c"), false,
             {"a\nc", "ac",
              "a\xf0\x9f\x98"
              "c"});
  expect_all(grammar_of_regex("\\x41\\u00e9\\u{1F600}\\t\\/\\-\\."), true,
             {"A\xc3\xa9\xf0\x9f\x98\x80\t/-."});
}

TEST(Regex, BracesThatAreNoBoundsAreText) {
  expect_all(grammar_of_regex("a{,2}b{x}"), true, {"a{,2}b{x}"});
}

TEST(Regex, CountsFarWithoutCopies) {
  const auto grammar = grammar_of_regex("(?:ab|c){3,100000}d");
  EXPECT_LT(grammar->n_states(), 100U);
  EXPECT_FALSE(takes(grammar, "ababd"));
  std::string text = "ab";
  for (int i = 0; i < 5000; ++i) text += "c";
  EXPECT_TRUE(takes(grammar, text + "abd"));
  EXPECT_FALSE(takes(grammar_of_regex("a{40}"), std::string(39, 'a')));
  EXPECT_TRUE(takes(grammar_of_regex("a{40}"), std::string(40, 'a')));
  EXPECT_FALSE(takes(grammar_of_regex("a{40}"), std::string(41, 'a')));
  EXPECT_TRUE(takes(grammar_of_regex("(a{2,50}b){40,}"), [] {
    std::string s;
    for (int i = 0; i < 41; ++i) s += "aaab";
    return s;
  }()));
}

TEST(Regex, EmptyBodiesComeToAnEnd) {
  expect_all(grammar_of_regex("(a*)*b"), true, {"b", "aaab"});
  expect_all(grammar_of_regex("(a?){3}"), true, {"", "a", "aaa"});
  expect_all(grammar_of_regex("(a?){3}"), false, {"aaaa"});
  EXPECT_NE(regex_refusal("(a*){1,900000}").find("unsupported"), std::string::npos);
}

TEST(Regex, RefusesWithThePlace) {
  const auto has = [](const std::string& pattern, const std::string& what, int character) {
    const std::string message = regex_refusal(pattern);
    EXPECT_NE(message.find(what), std::string::npos) << pattern << ": " << message;
    EXPECT_NE(message.find("(character " + std::to_string(character) + ")"), std::string::npos)
        << pattern << ": " << message;
  };
  has("(a)\\1", "a back-reference is not supported", 4);
  has("ab(?=c)", "look-ahead is not supported", 5);
  has("ab(?!c)", "look-ahead is not supported", 5);
  has("(?<=c)a", "look-behind is not supported", 3);
  has("a\\b", "a word boundary is not supported", 2);
  has("\\p{L}", "a property of characters is not supported", 1);
  has("a^b", "an anchor within", 2);
  has("a$b", "an anchor within", 2);
  has("a++", "a possessive quantifier", 3);
  has("(?>a)", "an atomic group", 3);
  has("(?i)a", "this kind of group", 3);
  has("(ab", "a '(' without its ')'", 4);
  has("ab)", "a ')' without its '('", 3);
  has("[ab", "a '[' without its ']'", 1);
  has("*a", "a quantifier of nothing", 1);
  has("a{3,2}", "the wrong way round", 7);
  has("[b-a]", "the wrong way round", 5);
  has("a{9999999}", "more than 1000000", 10);
  has("a\\", "a '\\' at the end", 3);
  has("\\ud800", "half of a surrogate pair", 7);
}

TEST(Regex, NestedCountsAreRefusedOrQuick) {
  std::string pattern = "a";
  for (int i = 0; i < 5; ++i) pattern = "(" + pattern + "){1,1000000}";
  EXPECT_TRUE(takes(grammar_of_regex(pattern), "aaa"));
  for (int i = 0; i < 40; ++i) pattern = "(" + pattern + "){1,1000000}";
  EXPECT_TRUE(takes(grammar_of_regex(pattern), "a"));
  EXPECT_FALSE(takes(grammar_of_regex(pattern), "aaaaaa"));  // too many ways: not led there
  std::string copies = "a";
  for (int i = 0; i < 60; ++i) copies = "(" + copies + "?){2}";
  EXPECT_NE(regex_refusal(copies), "");
}

}  // namespace
}  // namespace rocmforge::constrain
