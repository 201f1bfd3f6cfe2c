#include "cli/stop_signal.h"

#include <semaphore.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

#include "base/check.h"

namespace rocmforge::cli {
namespace {

constexpr std::array kSignals = {SIGTERM, SIGINT};
std::atomic<int> n_signals{0};
static_assert(std::atomic<int>::is_always_lock_free);  // the handler uses it
sem_t asked;
std::array<struct sigaction, kSignals.size()> before;

// Calls nothing but what POSIX allows in one.
void on_signal(int signal) {
  const int kept = errno;
  if (n_signals.fetch_add(1) >= 2) {
    std::signal(signal, SIG_DFL);
    ::raise(signal);
  }
  ::sem_post(&asked);
  errno = kept;
}

}  // namespace

StopSignal::StopSignal() {
  n_signals = 0;
  check(::sem_init(&asked, 0, 0) == 0, "a semaphore can be made");
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    check(::sigaction(kSignals[i], nullptr, &before[i]) == 0,
          "a signal's handler can be asked for");
    if (before[i].sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    check(::sigaction(kSignals[i], &action, nullptr) == 0, "a handler of a signal can be set");
  }
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before[i], nullptr);
}

void StopSignal::wait() {
  while (n_signals.load() == 0) ::sem_wait(&asked);
}

int StopSignal::count() const {
  return n_signals.load();
}

}  // namespace rocmforge::cli
