// `rocmforge chat`: a conversation.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/app.h"
#include "cli/chat_loop.h"
#include "cli/help.h"
#include "cli/input.h"

namespace rocmforge::cli {
namespace {

int chat(const ChatLoopOptions& o, ModelOptions& model) {
  if (const std::string wrong = range_error(o.sampling); !wrong.empty()) {
    throw Error(ErrorCode::kUsage, wrong);
  }
  // What is wrong is so before the model is loaded.
  tell_what_does_nothing(sampling_params(o.sampling));
  template_arguments(o.chat_flags);
  check_utf8(o.chat_flags.system, "--system");
  for (const std::string& stop : o.stop) {
    if (stop.empty()) throw Error(ErrorCode::kUsage, "--stop: the text is empty");
    check_utf8(stop, "--stop");
  }
  Session session(model);
  return ChatLoop(session, o).run();
}

constexpr const char* kFooter =
    R"(On a terminal, /help lists the commands. A message goes over several lines where one ends with a
backslash, or between """ and """. Ctrl-C stops the answer; on an empty line, twice, it leaves, as
Ctrl-D does. Elsewhere each line of standard input is a message or a command.

The answer goes to standard output; after it, on standard error, come the tokens of the conversation
that were kept in the cache, those that were run, and those that were generated. Typed messages are
kept in ${XDG_STATE_HOME:-~/.local/state}/rocmforge/history. A model's thinking is dim on a terminal
(unless NO_COLOR is set), and else between lines of <think> and </think>.

Examples:
  rocmforge chat --gguf model.gguf
  rocmforge chat --gguf model.gguf --system "Answer in French." --temp 0.7 --ctx 8192
  rocmforge chat --gguf model.gguf --think off < questions.txt)";

}  // namespace

void add_chat(CLI::App& app, Action& action) {
  auto o = std::make_shared<ChatLoopOptions>();
  auto model = std::make_shared<ModelOptions>();
  CLI::App* command = app.add_subcommand("chat", "Talk with a model");
  command
      ->add_option("-n,--max-tokens,--n-predict", o->max_tokens,
                   "Most tokens of an answer; 0: as many as the context holds")
      ->type_name("N")
      ->transform(whole_number(0, 1 << 24))
      ->capture_default_str();
  command->add_option("--stop", o->stop, "End answers before this text; may be given several times")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  add_chat_options(*command, o->chat_flags);
  o->sampling.zero_top_k = true;
  add_sampling_options(*command, o->sampling);
  add_model_options(*command, *model);
  command->footer(kFooter);
  command->callback([o, model, &action] { action = [o, model] { return chat(*o, *model); }; });
}

}  // namespace rocmforge::cli
