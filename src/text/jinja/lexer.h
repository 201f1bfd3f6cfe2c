// A template's source as tokens, with jinja's treatment of white space as trim_blocks and
// lstrip_blocks set it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text::jinja {

enum class TokenType {
  kData,
  kPrintBegin,
  kPrintEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd
};

struct Token {
  TokenType type;
  int line;
  std::string text;  // of strings what they stand for; of numbers without underscores
};

// `source` is well-formed UTF-8. Throws SyntaxError. The last token is kEnd.
std::vector<Token> tokenize(std::string_view source);

}  // namespace rocmforge::text::jinja
