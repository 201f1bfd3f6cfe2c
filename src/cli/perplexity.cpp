// `rocmforge perplexity`: how well a model predicts a text.
#include "engine/perplexity.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/input.h"
#include "cli/model_options.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string file;
  std::int32_t chunks = 0;
};

int perplexity(const Options& o) {
  const std::string text = read_text(o.file);
  Session session(o.model);
  const std::vector<text::TokenId> tokens =
      session.engine().tokenizer().encode(text, {.add_special = true, .parse_special = false});
  if (tokens.size() < static_cast<std::size_t>(o.model.ctx)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("[perplexity] {}: has {} tokens, less than one chunk of {} (--ctx)",
                            o.file, tokens.size(), o.model.ctx));
  }
  const engine::Perplexity result = engine::perplexity(
      session.engine(), tokens, o.model.ctx, o.chunks, [](const engine::Perplexity& sofar) {
        print_note(fmt::format("[{}] {:.4f}", sofar.n_chunks, sofar.value));
      });
  if (o.chunks > result.n_chunks) {
    print_note(
        fmt::format("the text has only {} chunks of {} tokens", result.n_chunks, o.model.ctx));
  }
  write_output(fmt::format("perplexity: {:.4f} +/- {:.5f}\n", result.value, result.error));
  return kExitDone;
}

}  // namespace

void add_perplexity(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  o->model.ctx = 512;
  CLI::App* command = app.add_subcommand("perplexity", "Measure how well a model predicts a text");
  command->add_option("-f,--file", o->file, "Text file, UTF-8; -: standard input")
      ->type_name("PATH")
      ->required();
  command->add_option("--chunks", o->chunks, "Chunks to measure; 0: all")
      ->type_name("N")
      ->transform(whole_number(0, 1 << 30))
      ->capture_default_str();
  add_model_options(*command, o->model);
  command->get_option("--ctx")
      ->transform(whole_number(4, 1 << 24))
      ->description("Tokens of a chunk");
  command->footer(
      R"(Computed as llama.cpp does: the second half of each chunk is predicted from its beginning.
The last line on standard output is `perplexity: X +/- Y`; progress is on standard error.

Example:
  rocmforge perplexity --gguf model.gguf --file wiki.test.raw --chunks 60)");
  command->callback([o, &action] { action = [o] { return perplexity(*o); }; });
}

}  // namespace rocmforge::cli
