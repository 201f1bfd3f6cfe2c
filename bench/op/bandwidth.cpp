#include "op/bandwidth.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"

namespace rocmforge::bench {

double measure_read_bandwidth(int n_threads) {
  constexpr std::int64_t kWords = 64 << 20;  // 512 MiB
  constexpr std::int64_t kChunk = 1 << 16;
  const std::vector<std::uint64_t> data(kWords, 1);
  ThreadPool pool(n_threads);
  std::atomic<std::uint64_t> total{0};
  double best = 0;
  for (int pass = 0; pass < 5; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(kWords / kChunk, [&](std::int64_t task, int) {
      // Many sums, so that additions never wait for each other.
      std::array<std::uint64_t, 32> sums{};
      const std::uint64_t* from = data.data() + task * kChunk;
      for (std::int64_t i = 0; i < kChunk; i += std::ssize(sums)) {
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += from[i + static_cast<int>(j)];
      }
      std::uint64_t sum = 0;
      for (const std::uint64_t s : sums) sum += s;
      total += sum;
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, kWords * 8 / took.count());
  }
  return total == 0 ? 0 : best;  // the sum is used, so it cannot be left out
}

}  // namespace rocmforge::bench
