// A Ctrl-C that comes before the wait for a line ends it all the same.
#include "cli/line_reader.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "cli/interrupt.h"

namespace rocmforge::cli {
namespace {

using Got = LineReader::Got;

// In a process of its own, whose standard input and output are a terminal or (`plain`) a pipe that
// nothing comes through: 0 when all is as it should be. A read that is not ended dies of SIGALRM.
int interrupted_child(bool plain) {
  int master = -1, ends[2] = {-1, -1};
  if (plain && ::pipe(ends) != 0) return -1;
  const pid_t pid = plain ? ::fork() : ::forkpty(&master, nullptr, nullptr, nullptr);
  if (pid == 0) {
    if (plain) ::dup2(ends[0], STDIN_FILENO);
    ::setenv("TERM", "xterm", 1);
    ::setenv("XDG_STATE_HOME", "/nowhere", 1);
    ::alarm(20);
    int wrong = 0;
    {
      ChatInterrupt interrupt;
      const auto reader = make_line_reader(interrupt.wakes());
      if (reader->interactive() == plain) wrong += 1;
      std::string line;
      for (int i = 0; i < 3; ++i) {
        interrupt.line_begins();
        std::raise(SIGINT);
        if (reader->read(">>> ", line) != Got::kInterrupted) wrong += 10;
        if (!interrupt.requested().load()) wrong += 100;
      }
    }
    ::_exit(wrong);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  for (const int end : {master, ends[0], ends[1]})
    if (end >= 0) ::close(end);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(LineReader, AnInterruptBeforeTheWaitEndsItOnATerminal) {
  EXPECT_EQ(interrupted_child(false), 0);
}

TEST(LineReader, AnInterruptBeforeTheWaitEndsItElsewhere) {
  EXPECT_EQ(interrupted_child(true), 0);
}

}  // namespace
}  // namespace rocmforge::cli
