// A model whose words are noise, held to a schema: what it ends with parses and validates.
#include <gtest/gtest.h>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "constrain/schema_cases.h"
#include "constrain/token_grammar.h"
#include "text/small_vocabs.h"

namespace rocmforge::constrain {
namespace {

// Bytes, and pieces that cross what JSON is made of.
std::unique_ptr<text::Tokenizer> noisy_tokenizer() {
  text::Vocab vocab = test::spm_vocab({"{\"",
                                       "\":",
                                       "\": \"",
                                       "\",\"",
                                       "\", \"",
                                       "\"}",
                                       "}]",
                                       "]}",
                                       "},{",
                                       "[[",
                                       "]]",
                                       "[]",
                                       "{}",
                                       "true",
                                       "false",
                                       "null",
                                       "tru",
                                       "12",
                                       "345",
                                       "-1",
                                       "0.",
                                       ".5",
                                       "1e5",
                                       "00",
                                       "\\u00",
                                       "\\\"",
                                       "abc",
                                       "b\"",
                                       "hello",
                                       "\xc3",
                                       "\xa9\"",
                                       "\xe2\x82\xac",
                                       "name",
                                       "value\":",
                                       "kind",
                                       "\"a\":",
                                       "\"ab\"",
                                       "2020-0",
                                       "1-1",
                                       ":0",
                                       "a@b",
                                       "://",
                                       "a\": 1, \"b\": 2}",
                                       "\n",
                                       "  "});
  return text::make_tokenizer(std::move(vocab));
}

// What is chosen ends containers and strings more often than noise would.
text::TokenId choose(const std::vector<std::uint32_t>& mask, const text::Tokenizer& tokenizer,
                     std::mt19937& random, std::size_t length) {
  std::vector<text::TokenId> all, closing;
  for (text::TokenId t = 0; t < tokenizer.size(); ++t) {
    if ((mask[static_cast<std::size_t>(t) / 32] >> (t % 32) & 1) == 0) continue;
    all.push_back(t);
    const std::string_view piece = tokenizer.piece_view(t, false);
    if (tokenizer.is_end_of_generation(t) || piece == "\"" || piece == "]" || piece == "}") {
      closing.push_back(t);
    }
  }
  const bool close = !closing.empty() && random() % 100 < 10 + length;
  const auto& from = close ? closing : all;
  return from[random() % from.size()];
}

void validate(std::string_view schema, const std::string& text) {
  boost::json::error_code wrong;
  const boost::json::value value = boost::json::parse(text, wrong);
  ASSERT_FALSE(wrong) << wrong.message();
  if (schema == "true") return;  // which valijson cannot read
  const boost::json::value document = boost::json::parse(schema);
  valijson::Schema parsed;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::BoostJsonAdapter(document), parsed);
  valijson::Validator validator;
  valijson::ValidationResults results;
  std::string why;
  if (!validator.validate(parsed, valijson::adapters::BoostJsonAdapter(value), &results)) {
    valijson::ValidationResults::Error error;
    while (results.popError(error)) why.append(error.description).append("; ");
    FAIL() << why;
  }
}

class SchemaWalk : public testing::TestWithParam<std::size_t> {};

TEST_P(SchemaWalk, EndsInWhatValidates) {
  static const std::unique_ptr<text::Tokenizer> tokenizer = noisy_tokenizer();
  static const auto table = std::make_shared<const TokenTable>(*tokenizer, tokenizer->size());
  const std::string_view schema = test::schema_cases()[GetParam()];
  SCOPED_TRACE(std::string(schema));
  const auto grammar = std::make_shared<const TokenGrammar>(grammar_of_schema(schema), table);
  std::vector<std::uint32_t> mask(table->mask_words());
  int n_ended = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    Matcher matcher(grammar, false);
    std::string text;
    for (int i = 0; i < 3000; ++i) {
      ASSERT_TRUE(matcher.mask(mask)) << text;
      const text::TokenId token = choose(mask, *tokenizer, random, text.size() / 10);
      ASSERT_TRUE(matcher.accept(token)) << text << " + " << tokenizer->piece_view(token, true);
      if (tokenizer->is_end_of_generation(token)) {
        ++n_ended;
        SCOPED_TRACE(text);
        validate(schema, text);
        if (HasFatalFailure()) return;
        break;
      }
      text += tokenizer->piece_view(token, false);
      ASSERT_FALSE(!matcher.may_end() && matcher.must_end());
    }
  }
  EXPECT_GT(n_ended, 35);  // nearly all of them
}

INSTANTIATE_TEST_SUITE_P(All, SchemaWalk,
                         testing::Range(std::size_t{0}, test::schema_cases().size()));

TEST(SchemaCases, AreMany) {
  EXPECT_GE(test::schema_cases().size(), 60U);
}

}  // namespace
}  // namespace rocmforge::constrain
