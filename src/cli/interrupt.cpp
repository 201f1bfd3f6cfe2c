#include "cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/check.h"

namespace rocmforge::cli {
namespace {

constexpr long kPatience = 500'000'000;  // nanoseconds

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // the handlers use it
const char* words = "";                                 // null: die of the signal
std::size_t n_words = 0;
timer_t patience;
struct sigaction before_interrupt;
std::atomic<int> n_interrupts{0};  // since an answer or a line began

// Both handlers call nothing but what POSIX allows in one.
void on_interrupt(int) {
  if (interrupted.exchange(true)) return;
  std::signal(SIGINT, SIG_DFL);
  itimerspec once{};
  once.it_value.tv_nsec = kPatience;
  ::timer_settime(patience, 0, &once, nullptr);
}

void on_alarm(int) {
  if (words == nullptr) ::raise(SIGINT);  // its handler is gone
  const ssize_t n = ::write(STDOUT_FILENO, words, n_words);
  ::_exit(n == static_cast<ssize_t>(n_words) ? 0 : 1);
}

constexpr int kKilling[] = {SIGINT, SIGTERM, SIGHUP};
std::atomic<const char*> doomed{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free);

void on_killed(int signal) {
  if (const char* path = doomed.load()) ::unlink(path);
  std::signal(signal, SIG_DFL);
  ::raise(signal);  // is delivered when this returns
}

// Whoever waits for input waits for the first of these too: the signal may come before the wait,
// and to another thread.
std::array<int, 2> wake_ends = {-1, -1};

// A step that does not end can be left.
void on_chat_interrupt(int signal) {
  const int before = errno;
  interrupted.store(true);
  // Full: it wakes already.
  if (::write(wake_ends[1], "", 1) < 0) errno = before;
  if (n_interrupts.fetch_add(1) < 2) return;
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

void install(int signal, void (*handler)(int), int flags = SA_RESTART) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  check(::sigaction(signal, &action, nullptr) == 0, "a handler of a signal can be set");
}

}  // namespace

Interrupt::Interrupt(const char* last_words) {
  words = last_words;
  n_words = std::strlen(last_words);
  begin();
}

Interrupt::Interrupt() {
  words = nullptr;
  begin();
}

void Interrupt::begin() {
  interrupted.store(false);
  ::sigaction(SIGINT, nullptr, &before_interrupt);
  if (before_interrupt.sa_handler == SIG_IGN) return;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGALRM;
  if (::timer_create(CLOCK_MONOTONIC, &event, &patience) != 0) return;  // Ctrl-C then kills
  install(SIGALRM, on_alarm);
  install(SIGINT, on_interrupt);
  installed_ = true;
}

std::atomic<bool>& Interrupt::requested() {
  return interrupted;
}

void Interrupt::settle() {
  if (!installed_) return;
  installed_ = false;
  ::sigaction(SIGINT, &before_interrupt, nullptr);
  ::timer_delete(patience);
  std::signal(SIGALRM, SIG_IGN);  // drops one that is on its way
}

void Interrupt::obey() {
  settle();
  if (!interrupted.load()) return;
  std::signal(SIGINT, SIG_DFL);
  std::raise(SIGINT);
}

ChatInterrupt::ChatInterrupt() {
  check(::pipe2(wake_ends.data(), O_CLOEXEC | O_NONBLOCK) == 0, "a pipe can be made");
  ::sigaction(SIGINT, nullptr, &before_interrupt);
  installed_ = before_interrupt.sa_handler != SIG_IGN;
}

ChatInterrupt::~ChatInterrupt() {
  if (installed_) ::sigaction(SIGINT, &before_interrupt, nullptr);
  for (int& end : wake_ends) ::close(std::exchange(end, -1));
}

int ChatInterrupt::wakes() const {
  return wake_ends[0];
}

void ChatInterrupt::line_begins() {
  std::array<char, 64> drained{};
  while (::read(wake_ends[0], drained.data(), drained.size()) > 0) {
  }
  interrupted.store(false);
  n_interrupts.store(0);
  if (installed_) install(SIGINT, on_chat_interrupt, 0);
}

void ChatInterrupt::answer_begins() {
  n_interrupts.store(0);
  if (installed_) install(SIGINT, on_chat_interrupt);
}

std::atomic<bool>& ChatInterrupt::requested() {
  return interrupted;
}

RemovedWhenKilled::RemovedWhenKilled(const std::string& path) : path_(path) {
  doomed.store(path_.c_str());
  for (const int signal : kKilling) {
    struct sigaction before{};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_DFL) install(signal, on_killed);  // nohup ignores some
  }
}

RemovedWhenKilled::~RemovedWhenKilled() {
  for (const int signal : kKilling) {
    struct sigaction now{};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == on_killed) std::signal(signal, SIG_DFL);
  }
  doomed.store(nullptr);
}

}  // namespace rocmforge::cli
