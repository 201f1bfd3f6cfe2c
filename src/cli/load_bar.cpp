#include "cli/load_bar.h"

#include <fmt/format.h>
#include <unistd.h>

namespace rocmforge::cli {
namespace {

constexpr std::chrono::milliseconds kBetween(100);  // two drawings
constexpr const char* kErase = "\r\x1b[K";          // ECMA-48: to the line's begin; erase the rest

std::string bytes_line(const char* what, std::int64_t done, std::int64_t total, double seconds) {
  const auto gib = [](std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 30); };
  const std::int64_t percent = total > 0 ? 100 * done / total : 100;
  const double rate = seconds > 0 ? gib(done) / seconds : 0;
  return fmt::format("{} {:3} %, {:.2f} of {:.2f} GiB, {:.2f} GiB/s", what, percent, gib(done),
                     gib(total), rate);
}

}  // namespace

std::string load_line(std::int64_t done, std::int64_t total, double seconds) {
  return bytes_line("loading", done, total, seconds);
}

std::string check_line(std::int64_t done, std::int64_t total, double seconds) {
  return bytes_line("checking the weights", done, total, seconds);
}

std::string fill_line(std::int64_t done, std::int64_t total, double seconds) {
  const std::int64_t percent = total > 0 ? 100 * done / total : 100;
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  return fmt::format("filling the context {:3} %, {} of {} tokens, {:.0f} tokens/s", percent, done,
                     total, rate);
}

LoadBar::LoadBar(int descriptor, std::chrono::milliseconds patience, Line line)
    : descriptor_(descriptor),
      terminal_(::isatty(descriptor) == 1),
      patience_(patience),
      line_(line) {}

void LoadBar::show(std::int64_t done, std::int64_t total) {
  if (!terminal_) return;
  const Clock::time_point now = Clock::now();
  if (!begun_) begin_ = now;
  begun_ = true;
  if (now - begin_ < patience_ || (drawn_ && now - last_ < kBetween)) return;
  drawn_ = true;
  last_ = now;
  write(kErase + line_(done, total, std::chrono::duration<double>(now - begin_).count()));
}

void LoadBar::erase() {
  if (drawn_) write(kErase);
  drawn_ = begun_ = false;
}

void LoadBar::write(const std::string& text) const {
  const ssize_t ignored = ::write(descriptor_, text.data(), text.size());
  static_cast<void>(ignored);  // a terminal that is gone
}

}  // namespace rocmforge::cli
