#include "backend/cpu/device.h"

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "backend/cpu/executor.h"
#include "backend/cpu/memory.h"
#include "backend/cpu/ops/attention_split.h"
#include "base/check.h"
#include "base/thread_pool.h"

namespace rocmforge::cpu {
namespace {

void check_range(const backend::Buffer& buffer, std::int64_t offset, std::size_t bytes) {
  check(offset >= 0 && offset <= buffer.size() &&
            static_cast<std::int64_t>(bytes) <= buffer.size() - offset,
        "[cpu] a copy passes the end of its buffer");
}

// Work is done when it is given.
class ImmediateStream final : public backend::Stream {
 public:
  void read(const backend::Buffer& from, std::int64_t offset, std::span<std::byte> to) override {
    check_range(from, offset, to.size());
    if (to.empty()) return;
    // host() is not const because it lets the caller write; this one only reads.
    std::memcpy(to.data(), const_cast<backend::Buffer&>(from).host() + offset, to.size());
  }
  void write(backend::Buffer& to, std::int64_t offset, std::span<const std::byte> from) override {
    check_range(to, offset, from.size());
    if (!from.empty()) std::memcpy(to.host() + offset, from.data(), from.size());
  }
  void wait() override {}
  backend::Mark mark() override { return 0; }
  void wait(backend::Mark) override {}
};

class PlainMemory final : public backend::HostMemory {
 public:
  explicit PlainMemory(std::int64_t bytes) : bytes_(static_cast<std::size_t>(bytes)) {}
  std::span<std::byte> bytes() override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class CpuDevice final : public backend::Device {
 public:
  CpuDevice(const Options& options, Counters& counters)
      : isa_(options.isa),
        pool_(options.n_threads > 0 ? options.n_threads : ThreadPool::default_threads()),
        counters_(counters) {}

  backend::DeviceInfo info() const override {
    const MachineMemory memory = machine_memory();
    const int n = pool_.n_threads();
    return {.name = "cpu",
            .detail = processor_name() + ", " + std::to_string(n) +
                      (n == 1 ? " thread, " : " threads, ") + std::string(to_string(isa_)),
            .memory_total = memory.total,
            .memory_free = memory.available,
            .is_host = true,
            .n_units = n,
            .attention_split = kAttentionSplit};
  }
  std::unique_ptr<backend::Buffer> allocate(std::int64_t bytes) override {
    std::unique_ptr<backend::Buffer> buffer = map_buffer(bytes);
    ++counters_.device_allocations;
    return buffer;
  }
  std::unique_ptr<backend::HostMemory> allocate_host(std::int64_t bytes) override {
    return std::make_unique<PlainMemory>(bytes);
  }
  std::unique_ptr<backend::Stream> make_stream() override {
    return std::make_unique<ImmediateStream>();
  }
  std::unique_ptr<backend::Executor> make_executor() override {
    return std::make_unique<CpuExecutor>(isa_, pool_, counters_);
  }

 private:
  Isa isa_;
  ThreadPool pool_;  // the process's one
  Counters& counters_;
};

}  // namespace

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "CPU";
}

std::unique_ptr<backend::Device> make_device(const Options& options, Counters& counters) {
  return std::make_unique<CpuDevice>(options, counters);
}

}  // namespace rocmforge::cpu
