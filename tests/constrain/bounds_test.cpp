// What is made to be slow or large is refused, or compiled, in bounded time; so is each mask of it.
#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <string>

#include "base/error.h"
#include "constrain/token_grammar.h"
#include "text/small_vocabs.h"

namespace rocmforge::constrain {
namespace {

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string listed(int n, const std::function<std::string(const std::string&)>& one,
                   const std::string& between = ",") {
  std::string out;
  for (int i = 0; i < n; ++i) out += (i > 0 ? between : "") + one(std::to_string(i));
  return out;
}

std::string times(std::size_t n, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

enum class Notation { kSchema, kRegex, kGbnf };

struct Case {
  std::string name;
  Notation notation;
  std::string text;
  std::string refused;  // what the message has; empty: it is compiled
};

std::vector<Case> cases() {
  using enum Notation;
  const auto object = [](const std::string& i) {
    return R"({"type":"object","properties":{"k)" + i + R"(":{}},"required":["k)" + i + R"("]})";
  };
  const auto pair = [](const std::string& at) {
    const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(std::stoi(at) + 1) + R"("})";
    return R"("d)" + at + R"(":{"allOf":[)" + next + "," + next + "]}";
  };
  return {
      {"Enum", kSchema,
       R"({"enum":[)" + listed(20000, [](auto& i) { return "\"v" + i + "\""; }) + "]}", ""},
      {"EnumTooLarge", kSchema,
       R"({"properties":{"a":{"enum":[)" +
           listed(45000, [](auto& i) { return "\"" + i + ", a value\""; }) + "]}}}",
       "a: is too large"},
      {"LongString", kSchema, R"({"type":"string","minLength":9,"maxLength":1000000})", ""},
      {"LongLists", kSchema,
       R"({"items":{"items":{"type":"string","maxLength":1000000},"type":"array","maxItems":1000000},
           "type":"array","maxItems":1000000})",
       ""},
      {"AnyOf", kSchema, R"({"anyOf":[)" + listed(4000, object) + "]}",
       "the root: has too many ways to begin"},
      {"AnyOfAtOnce", kSchema,
       R"({"anyOf":[)" +
           listed(3000, [](auto& i) { return R"({"type":"string","minLength":)" + i + "}"; }) +
           "]}",
       "the root: has too many ways to begin"},
      {"References", kSchema,
       R"({"$ref":"#/$defs/d0","$defs":{)" +
           listed(1000,
                  [](auto& i) {
                    return R"("d)" + i + R"(":{"$ref":"#/$defs/d)" +
                           std::to_string(std::stoi(i) + 1) + R"("})";
                  }) +
           R"(,"d1000":{}}})",
       "/$defs/d199: nests too deep"},
      {"AllOfDoubles", kSchema,
       R"({"$ref":"#/$defs/d0","$defs":{)" + listed(30, pair) + R"(,"d30":{}}})",
       "/$defs/d28: references, allOf and oneOf go too far here"},
      {"Properties", kSchema,
       R"({"type":"object","properties":{)" +
           listed(2000, [](auto& i) { return "\"property" + i + R"(":{"type":"string"})"; }) + "}}",
       ""},
      {"NestedStars", kRegex, "(((a+)+)+)+b", ""},
      {"ExponentialStates", kRegex, "[ab]*a[ab]{30}c", ""},
      {"ManyPlaces", kRegex, ".*a.{1000}", ""},
      {"NestedCounts", kRegex, "(((a{1,1000}b?){1,1000}){1,1000}){1,1000}", ""},
      {"OpenBrackets", kRegex, times(60000, "("), "regular expression: groups nest deeper"},
      {"Ambiguous", kGbnf,
       "root ::= a* \"!\"\na ::= \"a\"a a \"c\" | [d-z] ||\"b\" a a \"c\" | [d-z] a [d-z]", ""},
      {"Rules", kGbnf,
       "root ::= r0\n" +
           listed(
               20000,
               [](auto& i) {
                 return "r" + i + " ::= \"a\" r" + std::to_string(std::stoi(i) + 1) + "\n";
               },
               "") +
           "r20000 ::= \"z\"\n",
       "rule 'root': nests deeper than 256"},
      {"Alternatives", kGbnf,
       "root ::= " + listed(
                         30000, [](auto& i) { return "\"k" + i + "\""; }, " | "),
       ""},
  };
}

class Bounds : public testing::TestWithParam<Case> {};

TEST_P(Bounds, AreKept) {
  static const auto tokenizer = text::make_tokenizer(test::spm_vocab(
      {"a", "b", "ab", "aaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       "\"", "abababab", "dd"}));
  static const auto table = std::make_shared<const TokenTable>(*tokenizer, tokenizer->size());
  const auto& [name, notation, text, refused] = GetParam();
  const double start = cpu_seconds();
  std::shared_ptr<const TokenGrammar> grammar;
  try {
    grammar =
        std::make_shared<const TokenGrammar>(notation == Notation::kSchema ? grammar_of_schema(text)
                                             : notation == Notation::kRegex ? grammar_of_regex(text)
                                                                            : grammar_of_gbnf(text),
                                             table);
  } catch (const Error& error) {
    EXPECT_FALSE(refused.empty()) << error.what();
    EXPECT_NE(std::string(error.what()).find(refused), std::string::npos) << error.what();
  }
  // Some 0.1 s at most; more under sanitizers, and on a busy machine.
  EXPECT_LT(cpu_seconds() - start, 2.0);
  if (grammar == nullptr) return;
  EXPECT_EQ(refused, "");
  Matcher matcher(grammar, false);
  std::vector<std::uint32_t> mask(table->mask_words());
  double slowest = 0;
  for (int step = 0; step < 60; ++step) {
    const double before = cpu_seconds();
    const bool any = matcher.mask(mask);
    slowest = std::max(slowest, cpu_seconds() - before);
    if (!any) break;
    text::TokenId token = 0;
    while ((mask[static_cast<std::size_t>(token) / 32] >> (token % 32) & 1) == 0) ++token;
    if (!matcher.accept(token) || tokenizer->is_end_of_generation(token)) break;
  }
  EXPECT_LT(slowest, 0.5);  // 0.03 is meant
  EXPECT_LT(grammar->kept_bytes(), TokenGrammar::kMostStates + TokenGrammar::kMostMasks);
}

INSTANTIATE_TEST_SUITE_P(All, Bounds, testing::ValuesIn(cases()),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace rocmforge::constrain
