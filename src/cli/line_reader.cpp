#include "cli/line_reader.h"

#include <fcntl.h>
#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/log.h"

namespace rocmforge::cli {
namespace {

constexpr int kHistoryEntries = 1000;

// False when `wakes` ended the wait.
bool wait_for_input(int wakes) {
  std::array<pollfd, 2> ends = {{{.fd = wakes, .events = POLLIN, .revents = 0},
                                 {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
  while (::poll(ends.data(), ends.size(), -1) < 0 && errno == EINTR) {
  }
  return ends[0].revents == 0;
}

class PlainReader final : public LineReader {
 public:
  explicit PlainReader(int wakes) : wakes_(wakes) {}

  Got read(const char*, std::string& line) override {
    std::size_t seen = 0;
    while (true) {
      const std::size_t end = held_.find('\n', seen);
      if (end != std::string::npos) return take(end, end + 1, line);
      seen = held_.size();
      if (!wait_for_input(wakes_)) {
        held_.clear();
        return Got::kInterrupted;
      }
      std::array<char, 4096> part{};
      const ssize_t n = ::read(STDIN_FILENO, part.data(), part.size());
      if (n == 0) return held_.empty() ? Got::kEnd : take(seen, seen, line);
      if (n > 0) held_.append(part.data(), static_cast<std::size_t>(n));
      if (n < 0 && errno != EINTR)
        throw Error(ErrorCode::kIo,
                    std::string("[file] standard input: cannot read: ") + std::strerror(errno));
    }
  }
  void remember(const std::string&) override {}
  bool interactive() const override { return false; }

 private:
  // The first `size` bytes, of `used`.
  Got take(std::size_t size, std::size_t used, std::string& line) {
    line = held_.substr(0, size);
    while (line.ends_with('\r')) line.pop_back();
    held_.erase(0, used);
    return Got::kLine;
  }

  int wakes_;
  std::string held_;
};

// libedit takes a terminal's bytes for characters of the locale: without one that is UTF-8, text
// beyond ASCII would be lost.
void use_utf8() {
  const char* set = std::setlocale(LC_CTYPE, "");
  if (set != nullptr && std::string_view(nl_langinfo(CODESET)) == "UTF-8") return;
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

class EditReader final : public LineReader {
 public:
  explicit EditReader(int wakes) : wakes_(wakes), path_(history_path()) {
    use_utf8();
    edit_ = el_init("rocmforge", stdin, stdout, stderr);
    if (edit_ == nullptr) throw Error(ErrorCode::kIo, "the terminal cannot be used for input");
    history_ = history_init();
    if (history_ == nullptr) throw std::bad_alloc();
    HistEvent event;
    history(history_, &event, H_SETSIZE, kHistoryEntries);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!path_.empty()) history(history_, &event, H_LOAD, path_.c_str());
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_PROMPT, &EditReader::prompt);
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_SIGNAL, 0);
    el_set(edit_, EL_GETCFN, &EditReader::next_character);
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_source(edit_, nullptr);  // ~/.editrc
  }
  ~EditReader() override {
    history_end(history_);
    el_end(edit_);
  }

  Got read(const char* prompt, std::string& line) override {
    prompt_ = prompt;
    el_resize(edit_);
    int n = 0;
    errno = 0;
    const char* text = el_gets(edit_, &n);
    if (text != nullptr && n > 0) {
      line.assign(text, static_cast<std::size_t>(n));
      while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
      return Got::kLine;
    }
    return n < 0 && errno == EINTR ? Got::kInterrupted : Got::kEnd;
  }

  // Saved at once: what the process dies of may come any time.
  void remember(const std::string& entry) override {
    HistEvent event;
    history(history_, &event, H_ENTER, entry.c_str());
    if (path_.empty() || failed_) return;
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    // What is said to a model is the user's own.
    const mode_t before = ::umask(S_IRWXG | S_IRWXO);
    failed_ = history(history_, &event, H_SAVE, path_.c_str()) == -1;
    ::umask(before);
    if (failed_) log(LogLevel::kWarn, "the history is not kept: cannot write " + path_);
  }
  bool interactive() const override { return true; }

 private:
  static char* prompt(EditLine* edit) {
    EditReader* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return self->prompt_.data();
  }

  // As libedit's own, but for what ends it.
  static int next_character(EditLine* edit, wchar_t* out) {
    EditReader* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    std::mbstate_t state{};
    while (true) {
      if (!wait_for_input(self->wakes_)) {
        errno = EINTR;
        return -1;
      }
      char byte = 0;
      const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return static_cast<int>(n);
      const std::size_t size = std::mbrtowc(out, &byte, 1, &state);
      if (size <= 1) return 1;
      if (size == static_cast<std::size_t>(-1)) state = {};  // no character: left out
    }
  }

  int wakes_;
  std::string path_;
  bool failed_ = false;
  std::string prompt_;
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
};

}  // namespace

std::string history_path() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  std::string state = variable("XDG_STATE_HOME");
  if (!state.starts_with('/')) {  // the specification has relative paths ignored
    const std::string home = variable("HOME");
    if (home.empty()) return "";
    state = home + "/.local/state";
  }
  return state + "/rocmforge/history";
}

std::unique_ptr<LineReader> make_line_reader(int wakes) {
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1) {
    return std::make_unique<EditReader>(wakes);
  }
  return std::make_unique<PlainReader>(wakes);
}

}  // namespace rocmforge::cli
