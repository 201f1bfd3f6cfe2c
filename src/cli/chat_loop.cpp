#include "cli/chat_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "cli/answer_writer.h"
#include "cli/app.h"
#include "cli/input.h"
#include "cli/json.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

using engine::Completion;
using engine::FinishReason;

constexpr std::string_view kQuotes = "\"\"\"";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

double rate(std::int64_t n, double seconds) {
  return seconds > 0 ? static_cast<double>(n) / seconds : 0;
}

// Beside the answer, not part of it.
void note(const std::string& text) {
  print_note(stderr_has_colours() ? kDim + text + kPlain : text);
}

}  // namespace

ChatLoop::ChatLoop(Session& session, const ChatLoopOptions& options)
    : session_(session),
      options_(options),
      format_(make_chat_format(options.chat_flags, session.engine().file(),
                               session.engine().tokenizer())),
      chat_(session.engine(), format_),
      reader_(make_line_reader(interrupt_.wakes())) {
  chat_.set_system(options.chat_flags.system);
  how_.max_tokens = static_cast<std::int32_t>(options.max_tokens);
  how_.stop = options.stop;
  how_.sampling = sampling_params(options.sampling);
  const engine::Engine& engine = session.engine();
  forbid_tokens(how_.sampling, options.sampling, engine.file(), engine.tokenizer());
}

const std::vector<ChatLoop::Command>& ChatLoop::commands() {
  static const std::vector<Command> all = {
      {"/clear", "", "forget the conversation, but for the system message", &ChatLoop::clear},
      {"/regen", "", "answer the last message again, with another seed", &ChatLoop::regenerate},
      {"/system", "TEXT", "set the system message; \"\" takes it away, no TEXT shows it",
       &ChatLoop::system},
      {"/set", "NAME VALUE", "an option on the choice of tokens, as temp 0.7", &ChatLoop::set},
      {"/save", "FILE", "write the conversation as JSON", &ChatLoop::save},
      {"/help", "", "this list", &ChatLoop::help},
      {"/exit", "", "leave, as Ctrl-D does", &ChatLoop::leave},
  };
  return all;
}

int ChatLoop::run() {
  if (reader_->interactive()) {
    const std::string name = std::filesystem::path(session_.engine().file().path()).filename();
    note(fmt::format("{}, context of {} tokens. /help lists the commands, Ctrl-D leaves.", name,
                     session_.engine().runner().n_ctx()));
  }
  Entry entry;
  while (readable_ && read_entry(entry)) {
    if (trimmed(entry.text).empty()) continue;
    try {
      check_utf8(entry.text, "the message");
      if (entry.quoted || entry.text.front() != '/') {
        say(entry.text);
      } else if (obey(entry.text) == Next::kLeave) {
        break;
      }
    } catch (const Error& e) {
      if (e.code() == ErrorCode::kDevice) throw;
      complain(e.what());
    }
  }
  return !readable_ || (failed_ && !reader_->interactive()) ? kExitError : kExitDone;
}

// False at the end.
bool ChatLoop::read_entry(Entry& entry) {
  Got got = Got::kInterrupted;
  for (bool before = false; got == Got::kInterrupted; before = true) {
    got = read_lines(entry);
    if (got != Got::kInterrupted) break;
    if (!reader_->interactive()) {
      std::signal(SIGINT, SIG_DFL);
      std::raise(SIGINT);
    }
    write_output("\n");
    if (before) return false;
    note("(Ctrl-C again, or Ctrl-D, leaves)");
  }
  if (got == Got::kEnd) {
    if (reader_->interactive()) write_output("\n");
    return false;
  }
  return true;
}

// One message or command: a line, lines that end with a backslash and the next one, or what stands
// between quotes.
ChatLoop::Got ChatLoop::read_lines(Entry& entry) {
  std::string& text = entry.text;
  std::string line;
  interrupt_.line_begins();
  Got got = reader_->read(">>> ", text);
  if (got != Got::kLine) return got;
  std::string typed = text;
  entry.quoted = text.starts_with(kQuotes);
  const auto go_on = [&] {
    got = reader_->read("... ", line);
    if (got == Got::kLine) typed += "\n" + line;
    return got == Got::kLine;
  };
  if (entry.quoted) {
    text.erase(0, kQuotes.size());
    while (!text.ends_with(kQuotes) && go_on()) text += "\n" + line;
    if (text.ends_with(kQuotes)) text.erase(text.size() - kQuotes.size());
    if (text.starts_with('\n')) text.erase(0, 1);
    if (text.ends_with('\n')) text.pop_back();
  } else {
    while (text.ends_with('\\')) {
      text.back() = '\n';
      if (!go_on()) break;
      text += line;
    }
  }
  if (got == Got::kInterrupted) return got;
  if (!trimmed(text).empty()) reader_->remember(typed);
  return Got::kLine;  // the end is met again
}

ChatLoop::Next ChatLoop::obey(const std::string& line) {
  const std::size_t end = std::min(line.find_first_of(" \t\n"), line.size());
  const std::string name = line.substr(0, end);
  for (const Command& c : commands()) {
    if (name != c.name) continue;
    const std::string argument(trimmed(std::string_view(line).substr(end)));
    if (!c.argument.empty() || argument.empty()) return (this->*c.run)(argument);
    complain(name + " takes nothing behind it");
    return Next::kGoOn;
  }
  complain("there is no command " + name +
           " (/help lists them); a message that begins with / goes "
           "between \"\"\" and \"\"\"");
  return Next::kGoOn;
}

void ChatLoop::say(const std::string& text) {
  answer([&](engine::TextSinks sinks, const std::atomic<bool>* cancel) {
    return chat_.say(text, how_, std::move(sinks), cancel);
  });
}

template <class Ask>
void ChatLoop::answer(const Ask& ask) {
  AnswerWriter writer(options_.chat_flags.hide_thinking);
  interrupt_.answer_begins();
  const auto stop_unless = [&](bool readable) {
    readable_ = readable;
    if (!readable) interrupt_.requested().store(true);
  };
  engine::TextSinks sinks;
  sinks.answer = [&](std::string_view t) { stop_unless(writer.answer(t)); };
  sinks.thinking = [&](std::string_view t) { stop_unless(writer.thinking(t)); };
  const engine::Result result = ask(std::move(sinks), &interrupt_.requested());
  if (const auto* rejected = std::get_if<engine::Rejected>(&result)) {
    complain(rejected->message +
             (rejected->context_full ? ": /clear begins a new one, --ctx N holds more" : ""));
    return;
  }
  const auto& done = std::get<Completion>(result);
  if (done.reason == FinishReason::kFailed) throw Error(ErrorCode::kDevice, done.error);
  writer.end();
  readable_ = write_output("\n");
  if (readable_) report(done);
}

void ChatLoop::report(const Completion& done) const {
  if (done.reason == FinishReason::kCancelled) {
    const bool nothing = done.text.empty() && done.thinking.empty();
    note(nothing ? "(stopped before the answer: the message is forgotten)" : "(stopped)");
  }
  if (done.context_full) {
    note(
        fmt::format("(the context of {} tokens is full: /clear begins a new conversation, --ctx N "
                    "holds more)",
                    session_.engine().runner().n_ctx()));
  } else if (done.reason == FinishReason::kLength) {
    note(fmt::format("(cut at {} tokens: --max-tokens)", done.timing.n_generated));
  }
  const engine::Timing& t = done.timing;
  const std::int32_t n_run = t.n_prompt - t.n_kept;
  note(fmt::format(
      "[kept {} tokens | prompt {} tokens, {:.1f} tokens/s | generated {} tokens, {:.1f} "
      "tokens/s]",
      t.n_kept, n_run, rate(n_run, t.prompt_seconds), t.n_generated,
      rate(std::max(0, t.n_generated - 1), t.generate_seconds)));
}

void ChatLoop::complain(const std::string& message) {
  failed_ = true;
  print_error(message);
}

ChatLoop::Next ChatLoop::clear(const std::string&) {
  chat_.clear();
  return Next::kGoOn;
}

ChatLoop::Next ChatLoop::help(const std::string&) {
  std::string text;
  for (const Command& c : commands()) {
    text += fmt::format("{:<18} {}\n", std::string(c.name) + " " + std::string(c.argument), c.help);
  }
  text += fmt::format("{:<18} a message of several lines; so is a line that ends with \\\n",
                      "\"\"\" ... \"\"\"");
  readable_ = write_output(text);
  return Next::kGoOn;
}

ChatLoop::Next ChatLoop::regenerate(const std::string&) {
  if (chat_.empty()) {
    complain("/regen: there is no answer yet");
    return Next::kGoOn;
  }
  ++how_.sampling.seed;
  answer([&](engine::TextSinks sinks, const std::atomic<bool>* cancel) {
    return chat_.say_again(how_, std::move(sinks), cancel);
  });
  return Next::kGoOn;
}

ChatLoop::Next ChatLoop::save(const std::string& path) {
  if (path.empty()) {
    complain("/save: give a file");
    return Next::kGoOn;
  }
  boost::json::object out = {{"model", session_.engine().file().path()},
                             {"messages", to_boost(chat_.messages())}};
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file << boost::json::serialize(out) << "\n";
  file.close();
  if (!file) {
    throw Error(ErrorCode::kIo, "/save: " + path + ": cannot write: " + std::strerror(errno));
  }
  note(fmt::format("(saved {} messages to {})", chat_.messages().size(), path));
  return Next::kGoOn;
}

// By way of the command line's own options.
ChatLoop::Next ChatLoop::set(const std::string& words) {
  const std::size_t end = words.find_first_of(" \t=");
  if (end == std::string::npos) {
    complain("/set: give a name and a value, as temp 0.7");
    return Next::kGoOn;
  }
  std::string name = words.substr(0, end);
  const std::string value(trimmed(std::string_view(words).substr(end + 1)));
  SamplingOptions changed = options_.sampling;
  CLI::App app;
  add_sampling_options(app, changed);
  std::replace(name.begin(), name.end(), '_', '-');
  const bool is_short = name.size() == 1;
  const std::string option = (is_short ? "-" : "--") + name;
  if (app.get_option_no_throw(option) == nullptr) {
    complain("/set: " + name + " is no option on the choice of tokens (see `rocmforge help chat`)");
    return Next::kGoOn;
  }
  try {
    // The last comes first there.
    app.parse(is_short ? std::vector<std::string>{value, option}
                       : std::vector<std::string>{option + "=" + value});
  } catch (const CLI::ParseError& e) {
    complain(std::string("/set: ") + e.what());
    return Next::kGoOn;
  }
  if (const std::string wrong = range_error(changed); !wrong.empty()) {
    complain("/set: " + wrong);
    return Next::kGoOn;
  }
  engine::SamplingParams params = sampling_params(changed);
  if (changed.seed.empty()) params.seed = how_.sampling.seed;  // not another random one
  if (name == "temp" || name == "temperature" || name == "samplers") {
    tell_what_does_nothing(params);
  }
  forbid_tokens(params, changed, session_.engine().file(), session_.engine().tokenizer());
  how_.sampling = std::move(params);
  options_.sampling = std::move(changed);
  return Next::kGoOn;
}

ChatLoop::Next ChatLoop::system(const std::string& text) {
  if (text.empty()) {
    readable_ = write_output(chat_.system() + "\n");
  } else {
    chat_.set_system(text == "\"\"" ? "" : text);
  }
  return Next::kGoOn;
}

}  // namespace rocmforge::cli
