// The conversation of `chat`: reads messages and commands, writes answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat_options.h"
#include "cli/interrupt.h"
#include "cli/line_reader.h"
#include "cli/model_options.h"
#include "cli/sampling_options.h"
#include "engine/chat.h"

namespace rocmforge::cli {

struct ChatLoopOptions {
  ChatFlags chat_flags;
  SamplingOptions sampling;
  std::int64_t max_tokens = 0;  // of an answer; 0: as many as the context holds
  std::vector<std::string> stop;
};

class ChatLoop {
 public:
  // Errors: those of make_chat_format. `session` outlives it.
  ChatLoop(Session& session, const ChatLoopOptions& options);

  // To the user's end of it. Returns the exit code: where nobody sits at a terminal, that of an
  // error when a message was not answered.
  int run();

 private:
  enum class Next { kGoOn, kLeave };
  struct Command {
    std::string_view name, argument, help;
    Next (ChatLoop::*run)(const std::string& argument);
  };
  static const std::vector<Command>& commands();

  struct Entry {
    std::string text;
    bool quoted = false;  // a message, whatever it begins with
  };
  using Got = LineReader::Got;

  bool read_entry(Entry& entry);
  Got read_lines(Entry& entry);
  Next obey(const std::string& line);
  void say(const std::string& text);
  template <class Ask>
  void answer(const Ask& ask);
  void report(const engine::Completion& done) const;
  void complain(const std::string& message);

  Next clear(const std::string&);
  Next help(const std::string&);
  Next leave(const std::string&) { return Next::kLeave; }
  Next regenerate(const std::string&);
  Next save(const std::string& path);
  Next set(const std::string& words);
  Next system(const std::string& text);

  Session& session_;
  ChatLoopOptions options_;
  engine::ChatFormat format_;
  engine::ChatSession chat_;
  engine::Request how_;
  ChatInterrupt interrupt_;
  std::unique_ptr<LineReader> reader_;
  bool failed_ = false;
  bool readable_ = true;  // of standard output
};

}  // namespace rocmforge::cli
