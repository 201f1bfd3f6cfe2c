// `rocmforge tokenize`: text -> token ids.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/error.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/input.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "engine/loader.h"

namespace rocmforge::cli {
namespace {

struct Options {
  std::string gguf;
  std::vector<std::string> overrides;
  std::string tokenizer;
  std::optional<std::string> file;
  std::optional<std::string> text;
  bool no_bos = false;
  bool parse_special = false;
};

std::string text_of(const Options& o) {
  if (o.text.has_value() == o.file.has_value()) {
    throw Error(ErrorCode::kUsage, "tokenize: give either TEXT or --file");
  }
  if (o.file) return read_text(*o.file);
  check_utf8(*o.text, "TEXT");
  return *o.text;
}

int tokenize(const Options& o) {
  const std::string text = text_of(o);
  Counters counters;
  const engine::ModelFile file(o.gguf, counters, gguf::parse_overrides(o.overrides));
  const auto tokenizer = engine::load_tokenizer(file.gguf(), o.tokenizer);
  const std::vector<text::TokenId> ids =
      tokenizer->encode(text, {.add_special = !o.no_bos, .parse_special = o.parse_special});
  std::string line;
  for (const text::TokenId id : ids) {
    if (!line.empty()) line += ' ';
    line += std::to_string(id);
  }
  write_output(line + "\n");
  return kExitDone;
}

}  // namespace

void add_tokenize(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("tokenize", "Turn a text into token ids");
  command->add_option("text", o->text, "The text, in quotes; after -- when it begins with a dash")
      ->type_name("TEXT");
  command->add_option("-f,--file", o->file, "Read the text from a file; -: standard input")
      ->type_name("PATH");
  command->add_flag("--no-bos", o->no_bos,
                    "Add no begin- or end-of-text token, whatever the model says");
  command->add_flag("--parse-special", o->parse_special,
                    "Take the text of a control token, as <|im_start|>, for the token");
  add_gguf_option(*command, o->gguf, "Model file (GGUF); one of a vocabulary alone will do")
      ->required();
  add_tokenizer_option(*command, o->tokenizer);
  add_override_option(*command, o->overrides);
  command->footer(
      R"(The ids go to standard output on one line, separated by spaces.

Examples:
  rocmforge tokenize --gguf model.gguf "Hello world"
  rocmforge tokenize --gguf model.gguf --file text.txt | wc -w)");
  command->callback([o, &action] { action = [o] { return tokenize(*o); }; });
}

}  // namespace rocmforge::cli
