// Lines that a user types: with libedit on a terminal, as they come else.
#pragma once

#include <memory>
#include <string>

namespace rocmforge::cli {

class LineReader {
 public:
  enum class Got { kLine, kInterrupted, kEnd };

  virtual ~LineReader() = default;
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // One line, without its newline; `prompt` is shown on a terminal alone. kInterrupted: `wakes` was
  // to be read from, and what was typed is dropped.
  virtual Got read(const char* prompt, std::string& line) = 0;
  // Into the history, which is kept in a file from one run to the next: see history_path().
  virtual void remember(const std::string& entry) = 0;
  virtual bool interactive() const = 0;

 protected:
  LineReader() = default;
};

// Interactive where standard input and output both are terminals. `wakes`: a file descriptor, or
// -1.
std::unique_ptr<LineReader> make_line_reader(int wakes);

// ${XDG_STATE_HOME:-~/.local/state}/rocmforge/history; empty where neither variable says where.
std::string history_path();

}  // namespace rocmforge::cli
