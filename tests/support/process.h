// Child processes for tests: run one to its end, or watch it run. No shell, and never without end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace rocmforge::test {

struct Command {
  std::vector<std::string> argv;
  std::string input = {};                       // on standard input
  std::map<std::string, std::string> env = {};  // beside the test's own; an empty value unsets
  std::string stdout_path = {};                 // opened for writing instead of captured
  bool without_stdout = false;                  // its standard output is closed from the start
  bool unread_stdout = false;                   // it is a pipe that nobody reads any more
  std::chrono::seconds timeout{60};             // then SIGKILL
};

struct Outcome {
  int exit_code = -1;  // -1: ended by `signal`
  int signal = 0;
  bool timed_out = false;
  std::string out, err;
  long max_rss_kib = 0;    // the most memory it had resident
  double cpu_seconds = 0;  // of all its threads
};

// "exit 1; stderr: ...", for messages.
std::string to_string(const Outcome& outcome);

// A process under way.
class Process {
 public:
  explicit Process(const Command& command);
  ~Process();  // kills it, if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Reads until `enough` of what it has written so far; false when it ends, or the time is up,
  // before.
  bool wait_until(const std::function<bool(const Outcome&)>& enough);
  void send(int signal) const;
  // Nobody reads its standard output from now on.
  void close_output();
  // To its end, or to the end of its time.
  Outcome wait();

 private:
  using Clock = std::chrono::steady_clock;
  void feed();
  // One read of what is there, waiting at most until the deadline; false when both ends are closed
  // or the time is up.
  bool pump();
  bool reap(bool block);

  pid_t pid_ = -1;
  bool ended_ = false;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string input_;
  Clock::time_point deadline_;
  Outcome outcome_;
};

Outcome run(const Command& command);

}  // namespace rocmforge::test
