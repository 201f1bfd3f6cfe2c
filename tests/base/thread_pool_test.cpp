#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <vector>

namespace rocmforge {
namespace {

TEST(ThreadPool, RunsEveryTaskOnce) {
  for (const int n_threads : {1, 2, 5}) {
    ThreadPool pool(n_threads);
    EXPECT_EQ(pool.n_threads(), n_threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> hits(static_cast<std::size_t>(round));
      pool.run(round, [&](std::int64_t task, int worker) {
        EXPECT_LT(worker, n_threads);
        ++hits[static_cast<std::size_t>(task)];
      });
      for (const auto& h : hits) EXPECT_EQ(h.load(), 1);
    }
  }
}

TEST(ThreadPool, RethrowsATasksException) {
  ThreadPool pool(2);
  const auto boom = [](std::int64_t task, int) {
    if (task == 3) throw std::runtime_error("task 3");
  };
  EXPECT_THROW(pool.run(8, boom), std::runtime_error);
  int sum = 0;
  pool.run(1, [&](std::int64_t, int) { ++sum; });  // still usable
  EXPECT_EQ(sum, 1);
}

TEST(ThreadPool, IdleWorkersSleep) {
  ThreadPool pool(4);
  pool.run(16, [](std::int64_t, int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // past the spin
  const std::clock_t before = std::clock();                    // CPU time of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double busy = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_LT(busy, 0.1);
}

TEST(ThreadPool, DefaultIsAtLeastOne) {
  EXPECT_GE(ThreadPool::default_threads(), 1);
}

}  // namespace
}  // namespace rocmforge
