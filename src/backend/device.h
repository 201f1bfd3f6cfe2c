// What the engine asks of a device. The engine knows no particular one: a program hands it in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "backend/executor.h"
#include "base/counters.h"

namespace rocmforge::backend {

struct DeviceInfo {
  std::string name;    // "cpu", "hip", "cuda", "null"
  std::string detail;  // "AMD EPYC, 2 threads, AVX-512 VNNI"
  // Bytes; a total of 0: the device does not say.
  std::int64_t memory_total = 0, memory_free = 0;
  std::int64_t memory_reserve = 0;  // of what is free, wanted beside weights, KV cache and arena
  bool is_host = false;             // runs on the host, in the host's memory
  bool runs_ahead = false;          // works while the host goes on: worth giving it the next step
  std::int32_t n_units = 1;         // what work is spread over: threads, compute units
  // Positions that a split of one row's attention has at least: few where many units wait for work.
  std::int32_t attention_split = 512;
  // Splits times KV heads that are enough to fill the device; 0: every split is welcome.
  std::int32_t attention_tasks = 0;
  // Queries (rows times heads that share a KV head) that pass over K and V together in a prompt; 0:
  // as the engine likes.
  std::int32_t attention_queries = 0;
};

// Device memory, zero-filled when allocated; freed with the object.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual std::int64_t size() const = 0;  // bytes
  // Host address where the host may read and write it in place, once the stream that uses it has
  // been waited for; null otherwise.
  virtual std::byte* host() = 0;
};

// Host memory that a device copies from and to while the host goes on; freed with the object.
class HostMemory {
 public:
  virtual ~HostMemory() = default;
  virtual std::span<std::byte> bytes() = 0;
};

// A point in a stream's work.
using Mark = std::uint64_t;

// Work in order: runs, copies. One stream never waits for another.
class Stream {
 public:
  virtual ~Stream() = default;
  // Copies between host and device, ordered after all that was given to this stream before. The
  // host memory belongs to the copy until it was waited for. Ranges are checked.
  virtual void read(const Buffer& from, std::int64_t offset, std::span<std::byte> to) = 0;
  virtual void write(Buffer& to, std::int64_t offset, std::span<const std::byte> from) = 0;
  // Returns when everything given so far is done; throws Error{kDevice} when some of it failed.
  virtual void wait() = 0;
  // The point after everything given so far. Allocates nothing.
  virtual Mark mark() = 0;
  // Returns when everything before the mark is done, as wait() does; of a mark that others have
  // followed perhaps somewhat later.
  virtual void wait(Mark mark) = 0;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceInfo info() const = 0;
  // Throws Error{kOutOfMemory} with the bytes wanted and free. Counts device_allocations.
  virtual std::unique_ptr<Buffer> allocate(std::int64_t bytes) = 0;
  // Error{kOutOfMemory} as above, but counts nothing: it is the host's.
  virtual std::unique_ptr<HostMemory> allocate_host(std::int64_t bytes) = 0;
  virtual std::unique_ptr<Stream> make_stream() = 0;
  virtual std::unique_ptr<Executor> make_executor() = 0;
  // What the device itself counted of its work so far, for people: emulated ones do. "" else.
  virtual std::string report() { return ""; }
};

}  // namespace rocmforge::backend
