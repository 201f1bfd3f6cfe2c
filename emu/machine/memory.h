// The card's memory: host memory at its own addresses, so that no address needs translation, behind
// a table of the live allocations, so that every access of a kernel is checked.
//
// Addresses are not used again soon after they are freed: what still points there faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
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
  // How addresses are taken from the host: in arenas of so many bytes or more; those without
  // allocations are kept, unreadable, up to `idle_bytes` in all.
  struct AddressSpace {
    std::uint64_t arena_bytes = std::uint64_t{16} << 30;
    std::uint64_t idle_bytes = std::uint64_t{256} << 30;
  };

  explicit Memory(std::uint64_t total_bytes) : Memory(total_bytes, AddressSpace()) {}
  Memory(std::uint64_t total_bytes, AddressSpace space);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // 0 when the card is full (or the host), and for 0 bytes. Page aligned. The first 64 MiB are
  // poisoned with 0x7fff, not a number in any float format, so that who relies on zeros sees it.
  std::uint64_t allocate(std::uint64_t bytes);
  bool release(std::uint64_t address);  // false: no live allocation starts there
  // Host memory that kernels may touch (pinned, kernel arguments); not counted as the card's. Must
  // not overlap what is live.
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
  struct Block {
    Extent extent;
    std::uint64_t arena = 0;         // that it was cut from; 0: admitted
    std::uint64_t mapped_bytes = 0;  // whole pages
  };
  // Address space, reserved and not readable, that allocations are cut from in rising order. It is
  // given back when its last allocation is freed and much else has been freed since.
  struct Arena {
    std::uint64_t begin = 0, end = 0;
    std::uint64_t next = 0;  // what is below was given away once
    std::uint64_t n_live = 0;
  };

  Arena* arena_for(std::uint64_t bytes);
  void drop_old_arenas();
  void forget_freed(std::uint64_t begin, std::uint64_t end);
  [[noreturn]] void fault(std::uint64_t address, std::uint64_t bytes, bool write, int lane) const;

  std::uint64_t total_bytes_;
  AddressSpace space_;
  std::uint64_t used_bytes_ = 0;
  std::int64_t n_live_ = 0;
  mutable std::shared_mutex mutex_;
  std::map<std::uint64_t, Block> live_;
  std::map<std::uint64_t, Extent> freed_;
  std::list<Arena> arenas_;  // the last is the one in use
};

}  // namespace rocmforge::emu
