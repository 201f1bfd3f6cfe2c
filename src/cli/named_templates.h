// Chat templates by the names of well-known formats, for models whose file has none.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rocmforge::cli {

struct FormatTemplate {
  std::string_view name, source;  // Jinja
};

// By llama.cpp's names. They know the roles system, user and assistant; BOS is the tokenizer's.
std::span<const FormatTemplate> named_templates();
// Null when there is none of that name.
const FormatTemplate* find_named_template(std::string_view name);
// "chatml, llama2, ...".
std::string named_template_names();

}  // namespace rocmforge::cli
