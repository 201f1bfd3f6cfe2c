// How far a model is loaded, or a context filled, as one line on a terminal that is rewritten and
// erased in the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace rocmforge::cli {

// "loading  42 %, 1.83 of 4.34 GiB, 3.52 GiB/s".
std::string load_line(std::int64_t done, std::int64_t total, double seconds);

// "checking the weights  42 %, 1.83 of 4.34 GiB, 3.52 GiB/s".
std::string check_line(std::int64_t done, std::int64_t total, double seconds);

// "filling the context  42 %, 6912 of 16384 tokens, 1530 tokens/s".
std::string fill_line(std::int64_t done, std::int64_t total, double seconds);

class LoadBar {
 public:
  // Loads shorter than this show nothing.
  static constexpr std::chrono::milliseconds kPatience{500};

  // Writes to `descriptor` if that is a terminal, else nothing.
  using Line = std::string (*)(std::int64_t done, std::int64_t total, double seconds);
  explicit LoadBar(int descriptor, std::chrono::milliseconds patience = kPatience,
                   Line line = load_line);
  ~LoadBar() { erase(); }
  LoadBar(const LoadBar&) = delete;
  LoadBar& operator=(const LoadBar&) = delete;

  // Of what the line counts; the first call begins the time.
  void show(std::int64_t done, std::int64_t total);
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  void write(const std::string& text) const;

  int descriptor_;
  bool terminal_;
  std::chrono::milliseconds patience_;
  Line line_;
  bool begun_ = false, drawn_ = false;
  Clock::time_point begin_, last_;
};

}  // namespace rocmforge::cli
