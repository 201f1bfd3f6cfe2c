#include "cli/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"

namespace rocmforge::cli {
namespace {

int write_error = 0;  // errno of the first failed write

// Calls nothing but what POSIX allows in a handler. The page cannot be had: there is no way back.
void on_missing_page(int) {
  static std::atomic_flag said = ATOMIC_FLAG_INIT;  // several threads may come here at once
  while (said.test_and_set()) ::pause();            // the first one ends the process
  constexpr std::string_view kWords =
      "error: [file] the model file was cut short, or cannot be read, while it was in use\n";
  const ssize_t ignored = ::write(STDERR_FILENO, kWords.data(), kWords.size());
  static_cast<void>(ignored);
  ::_exit(1);
}

void note_failure() {
  if (write_error == 0) write_error = errno != 0 ? errno : EIO;
}

// Paths and the names in a file are a stranger's: they may neither break the line nor steer the
// terminal.
std::string escape_controls(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out.push_back(c);
    } else {
      out += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return out;
}

bool has_colours(int descriptor) {
  const char* none = std::getenv("NO_COLOR");
  if (none != nullptr && *none != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return ::isatty(descriptor) == 1;
}

}  // namespace

void hold_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    // The lowest free number is `stream`: those below it are open by now.
    (void)::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

bool write_output(std::string_view text) {
  if (write_error != 0) return false;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) note_failure();
  if (std::fflush(stdout) != 0) note_failure();
  return write_error == 0;
}

bool finish_output() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) note_failure();
  if (write_error != 0 && write_error != EPIPE) {
    print_error(std::string("cannot write to standard output: ") + std::strerror(write_error));
  }
  return write_error == 0;
}

void report_shrunk_files() {
  std::signal(SIGBUS, on_missing_page);
}

void print_error(std::string_view message) {
  print_line("error: " + without_middle(escape_controls(message), kMaxMessageBytes));
}

void print_line(std::string_view message) {
  const std::string line = without_middle(escape_controls(message), kMaxMessageBytes + 10);
  std::fprintf(stderr, "%s\n", line.c_str());
}

void print_note(std::string_view message) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
}

bool stdout_has_colours() {
  return has_colours(STDOUT_FILENO);
}

bool stderr_has_colours() {
  return has_colours(STDERR_FILENO);
}

}  // namespace rocmforge::cli
