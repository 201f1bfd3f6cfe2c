// Ctrl-C while a model is loaded or an answer is generated.
#pragma once

#include <atomic>
#include <string>

namespace rocmforge::cli {

// While it lives, the first SIGINT asks for an end through requested(). When the work has not come
// to settle() within half a second of it (one step of a large model can take longer), the process
// writes `last_words` to standard output and exits with 0. A second SIGINT kills. A SIGINT that was
// ignored at the start (nohup) stays ignored. One at a time.
class Interrupt {
 public:
  explicit Interrupt(const char* last_words);  // must outlive it; no more than 200 bytes
  // Of work that has nothing to say in the end: instead of last words, the process dies of the
  // SIGINT, as if it had not been caught.
  Interrupt();
  ~Interrupt() { settle(); }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::atomic<bool>& requested();
  // The work has ended: no more last words, and SIGINT does what it did before.
  void settle();
  // Settles; if there was a SIGINT, the process dies of it.
  void obey();

 private:
  void begin();

  bool installed_ = false;
};

// Ctrl-C in a conversation: it stops an answer, or the typing of a line, and not the program. One
// at a time, and none beside an Interrupt. A SIGINT that was ignored at the start stays ignored.
class ChatInterrupt {
 public:
  ChatInterrupt();
  ~ChatInterrupt();
  ChatInterrupt(const ChatInterrupt&) = delete;
  ChatInterrupt& operator=(const ChatInterrupt&) = delete;

  // From now on a SIGINT ends the reading of a line, whenever it comes.
  void line_begins();
  // The file descriptor that can be read from once there was one.
  int wakes() const;
  // From now on it asks for the answer's end through requested(), as one does that came since the
  // line began; the third one kills.
  void answer_begins();
  std::atomic<bool>& requested();

 private:
  bool installed_ = false;
};

// While it lives, a SIGINT, SIGTERM or SIGHUP that would kill the process removes the file first.
// One at a time.
class RemovedWhenKilled {
 public:
  explicit RemovedWhenKilled(const std::string& path);
  ~RemovedWhenKilled();
  RemovedWhenKilled(const RemovedWhenKilled&) = delete;
  RemovedWhenKilled& operator=(const RemovedWhenKilled&) = delete;

 private:
  std::string path_;
};

}  // namespace rocmforge::cli
