// The process's worker threads. They sleep when idle and spin briefly between the parallel regions
// of one step, whose gaps are shorter than a wake-up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/function_ref.h"

namespace rocmforge {

// f(task, worker).
using TaskRef = FunctionRef<void(std::int64_t, int)>;

class ThreadPool {
 public:
  // `n_threads` in all, the caller of run() among them; at least 1. Error{kOutOfMemory} when the
  // system starts no more of them.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const { return static_cast<int>(threads_.size()) + 1; }

  // Calls f(task, worker) once for each task in [0, n_tasks), worker in [0, n_threads), and returns
  // when all are done. Tasks are taken in order, one at a time. One caller at a time (others wait);
  // not to be called from within a task. The first exception of a task is rethrown here.
  void run(std::int64_t n_tasks, TaskRef f);

  // Parallel regions so far (runs that woke the workers).
  std::uint64_t n_regions() const { return n_regions_; }

  // As many threads as physical cores that this process may use.
  static int default_threads();

 private:
  void work(int worker);
  void stop();
  void take_tasks(int worker);

  std::vector<std::thread> threads_;
  std::mutex run_mutex_;  // one region at a time

  // The region at hand: written before epoch_ moves, read after.
  const TaskRef* task_ = nullptr;
  std::int64_t n_tasks_ = 0;
  std::atomic<std::int64_t> next_task_{0};
  std::atomic<int> n_busy_{0};
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<bool> stop_{false};
  std::uint64_t n_regions_ = 0;

  std::mutex sleep_mutex_;
  std::condition_variable wake_;
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

}  // namespace rocmforge
