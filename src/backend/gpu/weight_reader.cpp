#include "backend/gpu/weight_reader.h"

#include <cstring>
#include <functional>
#include <new>
#include <numeric>
#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "tensor/random.h"

namespace rocmforge::gpu {

WeightReader::WeightReader(const Source& source, std::vector<std::span<std::byte>> buffers,
                           int n_threads)
    : source_(source), buffers_(std::move(buffers)), free_(buffers_.size()) {
  check(!buffers_.empty() && n_threads > 0, "[gpu] a reader without buffers or threads");
  std::iota(free_.begin(), free_.end(), std::size_t{0});
  // A buffer is in one of the two at most, so a thread never grows them.
  ready_.reserve(buffers_.size());
  threads_.reserve(static_cast<std::size_t>(n_threads));
  try {
    for (int i = 0; i < n_threads; ++i) threads_.emplace_back([this] { run(); });
  } catch (const std::system_error& e) {  // fewer do it too
    if (threads_.empty()) {
      throw Error(ErrorCode::kIo,
                  "[gpu] cannot start a thread to read weights: " + std::string(e.what()));
    }
  } catch (...) {  // no destructor will run
    stop();
    throw;
  }
}

WeightReader::~WeightReader() {
  stop();
}

void WeightReader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wanted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::optional<WeightReader::Filled> WeightReader::take(std::chrono::microseconds timeout) {
  std::unique_lock lock(mutex_);
  filled_.wait_for(lock, timeout, [this] { return !ready_.empty() || failure_; });
  if (failure_) throw_failure();
  if (ready_.empty()) return std::nullopt;
  const Filled out = ready_.front();
  ready_.erase(ready_.begin());
  return out;
}

void WeightReader::give_back(std::size_t buffer) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(buffer);
  }
  wanted_.notify_one();
}

void WeightReader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (next_ < source_.batches.size() && source_.batches[next_].made_up) ++next_;
    if (stop_ || failure_ || next_ >= source_.batches.size()) return;
    if (free_.empty()) {
      wanted_.wait(lock);
      continue;
    }
    const Filled mine{.batch = next_++, .buffer = free_.back()};
    free_.pop_back();
    lock.unlock();
    // What is thrown is put into words by who takes it: words want memory.
    std::exception_ptr failure;
    try {
      read(source_.batches[mine.batch], buffers_[mine.buffer]);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (!failure) {
      ready_.push_back(mine);
    } else if (!failure_) {
      failure_ = failure;
    }
    filled_.notify_one();
  }
}

void WeightReader::throw_failure() const {
  try {
    std::rethrow_exception(failure_);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "[gpu] no host memory is left to read weights");
  } catch (const std::exception& e) {
    throw Error(ErrorCode::kInternal, std::string("[gpu] reading weights: ") + e.what());
  }
}

void WeightReader::read(const WeightBatch& batch, std::span<std::byte> to) const {
  for (const WeightPiece& piece : batch.pieces) {
    const WeightItem& item = source_.items[piece.item];
    const auto part = [&piece](auto bytes, std::int64_t block, std::int64_t begin) {
      return bytes.subspan(static_cast<std::size_t>(begin),
                           static_cast<std::size_t>(piece.n * block));
    };
    const std::int64_t block = item.source_block_bytes();
    const auto staged = part(to, item.staged_block_bytes(), piece.at);
    if (!item.widen) {
      read_bytes(part(item.from, block, piece.first * block), staged);
      continue;
    }
    std::vector<std::byte> raw(static_cast<std::size_t>(piece.n * block));
    if (item.random) {
      fill_random(random_rule(item.dtype, item.cols), *item.random, piece.first, raw);
    } else {
      read_bytes(part(item.from, block, piece.first * block), raw);
    }
    std::vector<float> wide(staged.size() / sizeof(float));
    info(item.dtype).decode(raw.data(), wide.data(), static_cast<std::int64_t>(wide.size()));
    std::memcpy(staged.data(), wide.data(), staged.size());
  }
}

void WeightReader::read_bytes(std::span<const std::byte> from, std::span<std::byte> to) const {
  if (from.empty()) return;
  const std::less<> before;
  for (const MappedFile& file : source_.files) {
    const std::span<const std::byte> all = file.bytes();
    if (before(from.data(), all.data()) ||
        before(all.data() + all.size(), from.data() + from.size())) {
      continue;
    }
    file.read_at(static_cast<std::size_t>(from.data() - all.data()), to);
    return;
  }
  std::memcpy(to.data(), from.data(), from.size());
}

}  // namespace rocmforge::gpu
