// `rocmforge tokenize`: text -> token ids.
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "base/counters.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "cli/app.h"
#include "cli/output.h"
#include "engine/loader.h"

namespace rocmforge::cli {
namespace {

struct Options {
  std::string gguf;
  std::string file;
  std::optional<std::string> text;
  bool no_bos = false;
  bool parse_special = false;
};

std::string read_text(const Options& o) {
  if (o.text.has_value() == !o.file.empty()) {
    throw Error(ErrorCode::kUsage, "tokenize: give either TEXT or --file");
  }
  if (o.text) return *o.text;
  if (o.file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  const MappedFile file(o.file);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

int tokenize(const Options& o) {
  const std::string text = read_text(o);
  Counters counters;
  const engine::ModelFile file(o.gguf, counters);
  const auto tokenizer = engine::load_tokenizer(file.gguf());
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
  command->add_option("-m,--gguf,--model", o->gguf, "Model file; its vocabulary is enough")
      ->type_name("PATH")
      ->required();
  command->add_flag("--no-bos", o->no_bos,
                    "Add no begin- or end-of-text token, whatever the file says");
  command->add_flag("--parse-special", o->parse_special,
                    "Take the text of control tokens (<|im_start|>) for the token");
  command->add_option("-f,--file", o->file, "Read the text from a file; -: standard input");
  command->add_option("text", o->text, "The text")->type_name("TEXT");
  command->footer("The ids go to standard output on one line, separated by spaces.");
  command->callback([o, &action] { action = [o] { return tokenize(*o); }; });
}

}  // namespace rocmforge::cli
