#include "serve/openai/prompts.h"

#include <fmt/format.h>

#include <algorithm>

namespace rocmforge::serve {
namespace {

Prompt of_text(const Field& field, const Context& context) {
  context.check_length(field.text());
  const text::Tokenizer& tokenizer = context.tokenizer();
  Prompt out{.tokens = tokenizer.encode(field.text(), {.add_special = true, .parse_special = true}),
             .text = std::string(field.text())};
  const text::TokenId bos = tokenizer.vocab().bos;
  if (out.tokens.empty() && bos != text::kNoToken) out.tokens.push_back(bos);
  if (out.tokens.empty()) field.bad("is empty, and the model has no token to begin with");
  return out;
}

Prompt of_ids(const Field& field, const Context& context) {
  const text::Tokenizer& tokenizer = context.tokenizer();
  Prompt out;
  for (const Field& id : field.items()) {
    out.tokens.push_back(static_cast<text::TokenId>(id.integer(0, tokenizer.size() - 1)));
  }
  if (out.tokens.empty()) field.bad("is empty");
  out.text = tokenizer.decode(out.tokens, false);
  return out;
}

}  // namespace

std::vector<Prompt> read_prompts(const Field& field, const Context& context) {
  if (!field.is_list()) {
    field.text();
    return {of_text(field, context)};
  }
  const std::vector<Field> items = field.items();
  if (items.empty()) field.bad("is empty");
  if (items.front().is_number()) return {of_ids(field, context)};
  std::vector<Prompt> out;
  out.reserve(items.size());
  for (const Field& item : items) {
    if (!item.is_text() && !item.is_list()) item.bad("is neither a text nor a list of token ids");
    out.push_back(item.is_text() ? of_text(item, context) : of_ids(item, context));
  }
  return out;
}

}  // namespace rocmforge::serve
