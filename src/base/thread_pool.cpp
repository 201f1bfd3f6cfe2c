#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace rocmforge {
namespace {

// How long a worker spins for the next region before it sleeps: longer than the serial gaps within
// a step (some 10 us), far shorter than a person notices.
constexpr auto kSpin = std::chrono::microseconds(100);

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

// Spins while `waiting()`: some 10 us without giving way, then with a yield each time, so that on
// a busy machine the thread waited for gets the core.
template <class F>
void spin_while(const F& waiting) {
  constexpr int kPauses = 256;
  for (int i = 0; i < kPauses; ++i) {
    if (!waiting()) return;
    relax();
  }
  while (waiting()) std::this_thread::yield();
}

}  // namespace

int ThreadPool::default_threads() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  std::set<std::string> cores;  // siblings of one core share one list
  int n_logical = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    ++n_logical;
    std::ifstream siblings("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                           "/topology/thread_siblings_list");
    std::string list;
    if (!std::getline(siblings, list)) list = std::to_string(cpu);
    cores.insert(list);
  }
  return std::max(1, cores.empty() ? n_logical : static_cast<int>(cores.size()));
}

ThreadPool::ThreadPool(int n_threads) {
  try {
    for (int i = 1; i < n_threads; ++i) threads_.emplace_back([this, i] { work(i); });
  } catch (const std::system_error& e) {
    const std::size_t n_started = threads_.size() + 1;
    stop();  // no destructor runs, and those started wait on members of this object
    throw Error(ErrorCode::kOutOfMemory, "[threads] only " + std::to_string(n_started) + " of " +
                                             std::to_string(n_threads) +
                                             " threads could be started: " + e.code().message());
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::stop() {
  {
    const std::lock_guard lock(sleep_mutex_);
    stop_.store(true);
  }
  wake_.notify_all();
  for (std::thread& t : threads_) t.join();
}

void ThreadPool::take_tasks(int worker) {
  for (;;) {
    const std::int64_t task = next_task_.fetch_add(1, std::memory_order_relaxed);
    if (task >= n_tasks_) return;
    try {
      (*task_)(task, worker);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
}

void ThreadPool::run(std::int64_t n_tasks, TaskRef f) {
  if (n_tasks <= 0) return;
  if (threads_.empty() || n_tasks == 1) {
    for (std::int64_t task = 0; task < n_tasks; ++task) f(task, 0);
    return;
  }
  const std::lock_guard one_region(run_mutex_);
  task_ = &f;
  n_tasks_ = n_tasks;
  next_task_.store(0, std::memory_order_relaxed);
  n_busy_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
  ++n_regions_;
  {
    // The lock orders the epoch against a worker that is about to sleep.
    const std::lock_guard lock(sleep_mutex_);
    epoch_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  take_tasks(0);
  spin_while([&] { return n_busy_.load(std::memory_order_acquire) != 0; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadPool::work(int worker) {
  std::uint64_t seen = 0;
  for (;;) {
    const auto idle = [&] {
      return epoch_.load(std::memory_order_acquire) == seen && !stop_.load();
    };
    const auto deadline = std::chrono::steady_clock::now() + kSpin;
    spin_while([&] { return idle() && std::chrono::steady_clock::now() < deadline; });
    if (idle()) {
      std::unique_lock lock(sleep_mutex_);
      wake_.wait(lock, [&] { return !idle(); });
    }
    if (stop_.load()) return;
    seen = epoch_.load(std::memory_order_acquire);
    take_tasks(worker);
    n_busy_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace rocmforge
