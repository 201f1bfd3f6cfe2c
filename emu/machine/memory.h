// The card's memory: host memory at its own addresses, so that no address needs translation, behind
// a table of the live allocations, so that every access of a kernel is checked.
//
// Addresses are not used again soon after they are freed: what still points there faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>

namespace rocmforge::emu {

struct Extent {
  std::uint64_t begin = 0, end = 0;  // bytes; none: both 0
  bool writable = true;

  bool holds(std::uint64_t address, std::uint64_t bytes) const {
    return address >= begin && address < end && bytes <= end - address;
  }
};

class Memory {
 public:
  explicit Memory(std::uint64_t total_bytes);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // 0 when the card is full (or the host). 256-byte aligned; poisoned up to 64 MiB, so that who
  // relies on zeros sees it.
  std::uint64_t allocate(std::uint64_t bytes);
  bool release(std::uint64_t address);  // false: no live allocation starts there
  // Host memory that kernels may touch (pinned, kernel arguments); not counted as the card's.
  void admit(std::uint64_t address, std::uint64_t bytes, bool writable);
  void dismiss(std::uint64_t address);

  std::uint64_t total_bytes() const { return total_bytes_; }
  std::uint64_t free_bytes() const;
  std::int64_t n_live() const;  // allocations, those admitted not among them

  // The live extent around `address`, which a wave may keep while its kernel runs.
  std::optional<Extent> find(std::uint64_t address) const;
  // Throws Fault: kOutOfBounds with the nearest live extent, kUseAfterFree, kReadOnly.
  Extent require(std::uint64_t address, std::uint64_t bytes, bool write, int lane) const;

 private:
  std::uint64_t total_bytes_;
  std::uint64_t used_bytes_ = 0;
  mutable std::shared_mutex mutex_;
  struct Block {
    Extent extent;
    std::uint64_t mapped_bytes = 0;  // 0: admitted
  };
  std::map<std::uint64_t, Block> live_;
  std::map<std::uint64_t, Extent> freed_;
};

}  // namespace rocmforge::emu
