#include "cli/grammar_options.h"

#include <vector>

#include "base/error.h"
#include "cli/help.h"
#include "cli/input.h"

namespace rocmforge::cli {

void add_grammar_options(CLI::App& command, GrammarOptions& options) {
  const std::vector<CLI::Option*> all = {
      command.add_option("--grammar", options.grammar, "Hold the answer to a grammar (GBNF)")
          ->type_name("TEXT"),
      command.add_option("--grammar-file", options.grammar_file, "The same, from a file")
          ->type_name("FILE")
          ->check(not_empty_path()),
      command
          .add_option("-j,--json-schema", options.schema,
                      "Hold the answer to a JSON schema; {}: any JSON")
          ->type_name("TEXT"),
      command.add_option("--json-schema-file", options.schema_file, "The same, from a file")
          ->type_name("FILE")
          ->check(not_empty_path())};
  for (CLI::Option* option : all) {
    option->group("Form of the answer");
    for (CLI::Option* other : all) {
      if (other != option) option->excludes(other);
    }
  }
}

std::shared_ptr<const constrain::Grammar> read_grammar(const GrammarOptions& o) {
  const bool is_schema = o.schema || o.schema_file;
  const auto& file = is_schema ? o.schema_file : o.grammar_file;
  const auto& given = is_schema ? o.schema : o.grammar;
  if (!file && !given) return nullptr;
  const std::string place = file ? *file : std::string(is_schema ? "--json-schema" : "--grammar");
  if (given) check_utf8(*given, place);
  const std::string text = file ? read_text(*file) : *given;
  try {
    return is_schema ? constrain::grammar_of_schema(text) : constrain::grammar_of_gbnf(text);
  } catch (const Error& e) {
    throw Error(e.code(), place + ": " + e.what());
  }
}

}  // namespace rocmforge::cli
