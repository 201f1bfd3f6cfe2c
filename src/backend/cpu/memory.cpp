#include "backend/cpu/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/check.h"
#include "base/error.h"

namespace rocmforge::cpu {
namespace {

// Larger ones are worth huge pages: fewer misses of the address cache while weights pass.
constexpr std::int64_t kHugePageBytes = 2 << 20;

class MappedBuffer final : public backend::Buffer {
 public:
  MappedBuffer(std::byte* data, std::int64_t size) : data_(data), size_(size) {}
  ~MappedBuffer() override { ::munmap(data_, mapped_bytes(size_)); }
  MappedBuffer(const MappedBuffer&) = delete;
  MappedBuffer& operator=(const MappedBuffer&) = delete;

  std::int64_t size() const override { return size_; }
  std::byte* host() override { return data_; }

  // The system maps no empty range.
  static std::size_t mapped_bytes(std::int64_t size) {
    return static_cast<std::size_t>(std::max<std::int64_t>(size, 1));
  }

 private:
  std::byte* data_;
  std::int64_t size_;
};

}  // namespace

MachineMemory machine_memory() {
  MachineMemory m;
  std::ifstream file("/proc/meminfo");  // lines of "MemTotal:  16384 kB"
  std::string key, unit;
  std::int64_t kib = 0;
  while (file >> key >> kib && std::getline(file, unit)) {
    if (key == "MemTotal:") m.total = kib * 1024;
    if (key == "MemAvailable:") m.available = kib * 1024;
    if (key == "SwapTotal:") m.swap = kib * 1024;
  }
  return m;
}

std::unique_ptr<backend::Buffer> map_buffer(std::int64_t bytes) {
  check(bytes >= 0, "[cpu] a buffer of negative size");
  const MachineMemory m = machine_memory();
  void* data = MAP_FAILED;
  if (m.total == 0 || bytes <= m.total + m.swap) {
    data = ::mmap(nullptr, MappedBuffer::mapped_bytes(bytes), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  if (data == MAP_FAILED) {
    const bool refused = m.total == 0 || bytes <= m.total + m.swap;  // by the system, not by us
    throw Error(ErrorCode::kOutOfMemory,
                "[cpu] a buffer of " + std::to_string(bytes) +
                    " bytes does not fit: " + std::to_string(m.available) + " are available" +
                    (refused ? ", and the system gives this process no more (ulimit -v?)" : ""));
  }
  // A hint: without huge pages it is only slower.
  if (bytes >= 2 * kHugePageBytes) {
    static_cast<void>(::madvise(data, static_cast<std::size_t>(bytes), MADV_HUGEPAGE));
  }
  return std::make_unique<MappedBuffer>(static_cast<std::byte*>(data), bytes);
}

}  // namespace rocmforge::cpu
