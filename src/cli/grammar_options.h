// The options that hold an answer to a form, by llama.cpp's names.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "constrain/grammar.h"

namespace rocmforge::cli {

// At most one of them is given.
struct GrammarOptions {
  std::optional<std::string> grammar, grammar_file, schema, schema_file;
};

void add_grammar_options(CLI::App& command, GrammarOptions& options);

// Compiled; null where none is given. Errors name the option, or the file.
std::shared_ptr<const constrain::Grammar> read_grammar(const GrammarOptions& options);

}  // namespace rocmforge::cli
