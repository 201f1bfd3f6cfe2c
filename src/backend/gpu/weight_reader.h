// Threads that read batches of weights into staging buffers. They know nothing of the device: who
// takes the filled buffers copies them on and gives them back.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "backend/gpu/weight_batches.h"
#include "base/error.h"
#include "base/mapped_file.h"

namespace rocmforge::gpu {

class WeightReader {
 public:
  struct Source {
    std::span<const WeightItem> items;
    std::span<const WeightBatch> batches;  // those that are `made_up` are left out
    std::span<const MappedFile> files;     // read instead of touching their mappings
  };
  struct Filled {
    std::size_t batch = 0, buffer = 0;
  };

  // At most `n_threads`; all that it is given outlives it. Each buffer holds a batch.
  WeightReader(const Source& source, std::vector<std::span<std::byte>> buffers, int n_threads);
  ~WeightReader();  // what is being read is read to its end, no more
  WeightReader(const WeightReader&) = delete;
  WeightReader& operator=(const WeightReader&) = delete;

  // The next filled buffer, in any order of batches; nullopt when there is none within `timeout`.
  // Throws the Error of a thread that could not read.
  std::optional<Filled> take(std::chrono::microseconds timeout);
  void give_back(std::size_t buffer);

 private:
  void stop();  // and joins the threads
  void run();
  [[noreturn]] void throw_failure() const;
  void read(const WeightBatch& batch, std::span<std::byte> to) const;
  void read_bytes(std::span<const std::byte> from, std::span<std::byte> to) const;

  Source source_;
  std::vector<std::span<std::byte>> buffers_;

  std::mutex mutex_;
  std::condition_variable wanted_, filled_;
  std::vector<std::size_t> free_;
  std::vector<Filled> ready_;  // first filled first
  std::size_t next_ = 0;       // batch
  bool stop_ = false;
  std::exception_ptr failure_;  // the first
  std::vector<std::thread> threads_;
};

}  // namespace rocmforge::gpu
