// Prompts, as completions and embeddings take them.
#pragma once

#include <string>
#include <vector>

#include "serve/context.h"
#include "serve/json/field.h"

namespace rocmforge::serve {

struct Prompt {
  std::vector<text::TokenId> tokens;
  std::string text;
};
// Of a text, a list of texts, a list of token ids or a list of such lists; at least one. BadField
// for anything else; ApiError as Context::check_length.
std::vector<Prompt> read_prompts(const Field& field, const Context& context);

}  // namespace rocmforge::serve
