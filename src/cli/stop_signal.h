// SIGTERM and SIGINT as a wish to end, for a program that serves.
#pragma once

#include <chrono>

namespace rocmforge::cli {

// While it lives, the first signal asks for an end, the second for one at once, and the third
// kills. One that was ignored at the start (nohup) stays ignored. One at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Returns when there has been one.
  void wait();
  // How many there were.
  int count() const;
};

}  // namespace rocmforge::cli
