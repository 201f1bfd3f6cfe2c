#include <gtest/gtest.h>

#include "constrain/accepts.h"

namespace rocmforge::constrain {
namespace {

using test::expect_all;
using test::refusal;
using test::takes;

std::string gbnf_refusal(const std::string& text) {
  return refusal([&] { grammar_of_gbnf(text); });
}

TEST(Gbnf, ReadsItsNotation) {
  const auto lists = grammar_of_gbnf(
      "# a list of words\n"
      "root  ::= \"- \" item (\n   \", \" item  # more\n)* end?\n"
      "item  ::= [a-z]+ | [0-9]{2,3} |\n  \"\\\"\" [^\"\\n]* \"\\\"\"\n\n"
      "end ::= \"\\x2e\" | \"\\u20ac\" | \"\\U0001F600\"\r\n");
  expect_all(lists, true,
             {"- ab", "- ab, 12, \"x y\"", "- q.", "- q\xe2\x82\xac", "- 123\xf0\x9f\x98\x80"});
  expect_all(lists, false, {"", "- ", "- 1", "- ab,", "- \"x\ny\"", "- ab..", "- 1234"});
  expect_all(grammar_of_gbnf("root ::= . [\\]\\\\\\-a-]{1,} \"\""), true, {"x]", "\xc3\xa9\\-a"});
  expect_all(grammar_of_gbnf("root ::= [^\\x00-\\x7F]+ | x{0,2} x{,1}\nx ::= \"x\""), true,
             {"\xc3\xa9", "", "x", "xxx"});
}

TEST(Gbnf, Recursion) {
  const auto brackets = grammar_of_gbnf("root ::= \"(\" root \")\" | \"[\" root \"]\" root | \"\"");
  expect_all(brackets, true, {"", "()", "([()])", "[()][[]]"});
  expect_all(brackets, false, {"(", "(]", "())"});
  // A rule that calls itself last takes a text of any length.
  const auto right =
      grammar_of_gbnf("root ::= item root | item\nitem ::= [ab] ws\nws ::= \" \" ws |");
  EXPECT_TRUE(takes(right, std::string(20000, 'a')));
  EXPECT_TRUE(takes(right, "a" + std::string(20000, ' ') + "b"));
  // Deeper than the limit it cannot be led, and before that it always comes to an end.
  const auto deep = grammar_of_gbnf("root ::= \"(\" root \")\" | \"x\"");
  EXPECT_TRUE(takes(deep, std::string(200, '(') + "x" + std::string(200, ')')));
  EXPECT_FALSE(takes(deep, std::string(300, '(') + "x" + std::string(300, ')')));
}

TEST(Gbnf, RefusesWithThePlace) {
  const auto has = [](const std::string& text, const std::string& what) {
    const std::string message = gbnf_refusal(text);
    EXPECT_NE(message.find(what), std::string::npos) << text << "\n" << message;
  };
  has("root ::= root \"a\" | \"a\"", "rule 'root': is left recursive");
  has("root ::= a\na ::= \"x\"? b\nb ::= a \"y\" | \"z\"", "is left recursive");
  has("root ::= \"a\" root", "rule 'root': can never end");
  has("a ::= \"x\"", "there is no rule 'root'");
  has("root ::= \"a\"\n  b", "line 2, column 4: '::=' is expected");
  has("root ::= nothing", "line 1, column 10: rule 'nothing' is not defined");
  has("root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1: rule 'root' is defined twice");
  has("root ::= (\"a\"", "line 1, column 10: a '(' without its ')'");
  has("root ::= \"a", "line 1, column 10: a '\"' without its '\"'");
  has("root ::= [a", "line 1, column 10: a '[' without its ']'");
  has("root ::= \"a\"{3,1}", "the wrong way round");
  has("root ::= \"a\"{1,99999999}", "more than 1000000");
  has("root ::= \"\\q\"", "there is no such escape");
  has("root ::= <think>", "a token is not supported");
  has("root ::= \"a\" )", "the end of the line is expected");
  has("root \xff", "is not UTF-8");
  has("", "there is no rule 'root'");
}

}  // namespace
}  // namespace rocmforge::constrain
