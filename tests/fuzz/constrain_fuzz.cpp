// Any bytes as a JSON schema, a regular expression or a GBNF grammar: it is refused, or compiled in
// bounded time. Then noise that its masks let through: each mask is what trying every token gives,
// every token that it has is taken, what the masks let end is taken by a matcher that sees the text
// alone, and a schema's text is JSON.
#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "constrain/token_grammar.h"
#include "text/small_vocabs.h"

namespace {

using namespace rocmforge;
using namespace rocmforge::constrain;

// Bytes, what JSON is written with, and many pieces of letters, marks and longer characters.
std::vector<std::string> pieces() {
  std::vector<std::string> out = {"{\"",  "\":",  "\",\"", "\"}",  "}]",          "},{",
                                  "[]",   "{}",   "true",  "null", "12",          "-1",
                                  "0.",   "1e5",  "\\u00", "\\\"", "hello",       "\xc3\xa9",
                                  "name", "xyz0", "\n",    "  ",   "a\":1,\"b\":"};
  const std::vector<std::string> parts = {"a",    "b", "e", "\"", ",", "1", "\xe2\x82\xac",
                                          "\xc3", "Z"};
  std::uint64_t seed = 1;
  for (std::size_t n = 0; n < 260; ++n) {
    std::string piece;
    for (std::size_t i = 0; i < 2 + n / 40; ++i) {
      seed = seed * 6364136223846793005U + 1442695040888963407U;
      piece += parts[(seed >> 33) % (n % 3 == 0 ? 3 : parts.size())];
    }
    out.push_back(piece);
  }
  for (const std::size_t n : {17U, 30U, 50U, 70U}) out.emplace_back(n, 'a');
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

struct Words {
  std::unique_ptr<text::Tokenizer> tokenizer = text::make_tokenizer([] {
    text::Vocab vocab = test::spm_vocab(pieces());
    vocab.eos = 2;
    return vocab;
  }());
  std::shared_ptr<const TokenTable> table =
      std::make_shared<const TokenTable>(*tokenizer, tokenizer->size());
};

std::shared_ptr<const Grammar> compile(unsigned notation, std::string_view text) {
  if (notation == 0) return grammar_of_schema(text);
  if (notation == 1) return grammar_of_regex(text);
  return grammar_of_gbnf(text);
}

bool has(const std::vector<std::uint32_t>& mask, text::TokenId t) {
  return (mask[static_cast<std::size_t>(t) / 32] >> (t % 32) & 1) != 0;
}

// A matcher that tries must not say of one that it may not follow because a limit is met.
void compare(const Matcher& matcher, const std::vector<std::uint32_t>& mask, const Words& words) {
  for (text::TokenId t = 0; t < words.tokenizer->size(); ++t) {
    Matcher other = matcher;
    const bool taken = other.accept(t);
    check(taken == has(mask, t) || other.limited(), "a mask is what may follow");
  }
}

void walk(const std::shared_ptr<const TokenGrammar>& grammar, const Words& words, bool is_schema,
          std::uint64_t seed) {
  Matcher matcher(grammar, false);
  std::vector<std::uint32_t> mask(words.table->mask_words());
  std::string text;
  for (int i = 0; i < (matcher.limited() ? 4 : 40); ++i) {
    if (!matcher.mask(mask)) {
      check(!matcher.may_end(), "a text that may end has a token that ends it");
      check(matcher.limited(), "with tokens for all bytes something may follow");
      return;
    }
    if (i < 5 && !matcher.limited()) compare(matcher, mask, words);
    std::vector<text::TokenId> all;
    for (text::TokenId t = 0; t < words.tokenizer->size(); ++t) {
      if (has(mask, t)) all.push_back(t);
    }
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    const text::TokenId token = all[(seed >> 33) % all.size()];
    if (!matcher.accept(token)) {
      check(matcher.limited(), "what a mask has is taken");
      return;
    }
    if (words.tokenizer->is_end_of_generation(token)) break;
    text += words.tokenizer->piece_view(token, false);
  }
  if (!matcher.may_end()) return;
  Matcher alone(grammar, false);
  check(alone.accept(text) && alone.may_end(), "the text is of the grammar");
  if (!is_schema) return;
  boost::json::error_code wrong;
  boost::json::parse(text, wrong);
  check(!wrong, "what ends is JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Words words;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const unsigned notation = data[0] % 3;
  std::shared_ptr<const Grammar> compiled;
  try {
    compiled = compile(notation, text);
  } catch (const Error& e) {
    const bool is_told =
        e.code() == ErrorCode::kInvalidArgument || e.code() == ErrorCode::kUnsupported;
    check(is_told && std::string_view(e.what()).starts_with("[constrain] "), "errors have a place");
    return 0;
  }
  const auto grammar = std::make_shared<const TokenGrammar>(compiled, words.table);
  for (std::uint64_t seed = 0; seed < 3; ++seed)
    walk(grammar, words, notation == 0, data[1] + seed);
  return 0;
}
