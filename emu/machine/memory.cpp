#include "machine/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <mutex>
#include <string>

#include "base/check.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kGap = std::uint64_t{1} << 20;  // unreadable, before and after each
constexpr std::uint64_t kPoisonBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kGranule = 256;  // what an allocation is counted in
constexpr std::size_t kFreedKept = 65536;

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address));
}

void* map(void* at, std::uint64_t bytes, int protection, int flags) {
  void* mapped = ::mmap(at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

void poison(std::uint64_t address, std::uint64_t bytes) {
  auto* words = static_cast<std::uint16_t*>(pointer(address));
  std::fill_n(words, std::min(bytes, kPoisonBytes) / 2, std::uint16_t{0x7fff});
}

std::string describe(const Extent& extent) {
  return std::to_string(extent.end - extent.begin) + " bytes at " + hex(extent.begin);
}

// How far [address, address + bytes) is from an extent that does not hold it.
std::uint64_t distance(const Extent& extent, std::uint64_t address, std::uint64_t bytes) {
  if (address >= extent.end) return address - extent.end;
  return address + bytes <= extent.begin ? extent.begin - (address + bytes) : 0;
}

std::string where(const Extent& extent, std::uint64_t address, std::uint64_t bytes) {
  if (address < extent.begin) {
    return std::to_string(extent.begin - address) + " bytes before " + describe(extent);
  }
  if (address < extent.end) {
    return std::to_string(address + bytes - extent.end) + " of them past the end of " +
           describe(extent);
  }
  return std::to_string(address - extent.end) + " bytes past the end of " + describe(extent);
}

}  // namespace

Memory::Memory(std::uint64_t total_bytes, AddressSpace space)
    : total_bytes_(total_bytes), space_(space) {}

Memory::~Memory() {
  for (const Arena& arena : arenas_) ::munmap(pointer(arena.begin), arena.end - arena.begin);
}

// The arena with room for `bytes` and a gap behind them, or null when the host will not give one.
Memory::Arena* Memory::arena_for(std::uint64_t bytes) {
  if (!arenas_.empty() && arenas_.back().end - arenas_.back().next >= bytes + kGap) {
    return &arenas_.back();
  }
  const std::uint64_t size = std::max(space_.arena_bytes, bytes + 2 * kGap);
  void* mapped = map(nullptr, size, PROT_NONE, MAP_NORESERVE);
  if (mapped == nullptr) return nullptr;
  const auto begin = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(mapped));
  forget_freed(begin, begin + size);  // of arenas given back to the host
  arenas_.push_back({.begin = begin, .end = begin + size, .next = begin + kGap});
  return &arenas_.back();
}

void Memory::drop_old_arenas() {
  std::uint64_t idle = 0;
  for (const Arena& arena : arenas_) idle += arena.n_live == 0 ? arena.end - arena.begin : 0;
  for (auto arena = arenas_.begin();
       idle > space_.idle_bytes && arena != std::prev(arenas_.end());) {
    if (arena->n_live != 0) {
      ++arena;
      continue;
    }
    idle -= arena->end - arena->begin;
    forget_freed(arena->begin, arena->end);
    ::munmap(pointer(arena->begin), arena->end - arena->begin);
    arena = arenas_.erase(arena);
  }
}

void Memory::forget_freed(std::uint64_t begin, std::uint64_t end) {
  auto it = freed_.lower_bound(begin);
  if (it != freed_.begin() && std::prev(it)->second.end > begin) --it;
  while (it != freed_.end() && it->first < end) it = freed_.erase(it);
}

std::uint64_t Memory::allocate(std::uint64_t bytes) {
  if (bytes == 0 || bytes > total_bytes_) return 0;
  const std::uint64_t counted = round_up(bytes, kGranule);
  const std::uint64_t mapped_bytes = round_up(bytes, kPage);
  std::uint64_t address = 0;
  {
    const std::unique_lock lock(mutex_);
    if (counted > round_up(total_bytes_, kGranule) - used_bytes_) return 0;
    Arena* arena = arena_for(mapped_bytes);
    if (arena == nullptr) return 0;
    address = arena->next;
    if (map(pointer(address), mapped_bytes, PROT_READ | PROT_WRITE, MAP_FIXED) == nullptr) return 0;
    arena->next += mapped_bytes + kGap;
    ++arena->n_live;
    live_[address] = {{address, address + bytes, true}, arena->begin, mapped_bytes};
    used_bytes_ += counted;
    ++n_live_;
  }
  poison(address, mapped_bytes);  // before the caller knows of it
  return address;
}

bool Memory::release(std::uint64_t address) {
  const std::unique_lock lock(mutex_);
  const auto found = live_.find(address);
  if (found == live_.end() || found->second.arena == 0) return false;
  const Block block = found->second;
  const Extent extent = block.extent;
  live_.erase(found);
  used_bytes_ -= round_up(extent.end - extent.begin, kGranule);
  --n_live_;
  // Mapped anew: the pages go back to the host, the addresses stay taken.
  if (map(pointer(address), block.mapped_bytes, PROT_NONE, MAP_FIXED | MAP_NORESERVE) == nullptr) {
    ::madvise(pointer(address), block.mapped_bytes, MADV_DONTNEED);
  }
  if (freed_.size() >= kFreedKept) freed_.erase(freed_.begin());
  freed_[extent.begin] = extent;
  for (Arena& arena : arenas_) {
    if (arena.begin == block.arena) --arena.n_live;
  }
  drop_old_arenas();
  return true;
}

void Memory::admit(std::uint64_t address, std::uint64_t bytes, bool writable) {
  check(bytes != 0 && bytes <= std::numeric_limits<std::uint64_t>::max() - address,
        "admitted memory has a size");
  const std::unique_lock lock(mutex_);
  const auto next = live_.upper_bound(address);
  check((next == live_.end() || next->first >= address + bytes) &&
            (next == live_.begin() || std::prev(next)->second.extent.end <= address),
        "admitted memory overlaps what is live");
  forget_freed(address, address + bytes);
  live_[address] = {{address, address + bytes, writable}, 0, 0};
}

void Memory::dismiss(std::uint64_t address) {
  const std::unique_lock lock(mutex_);
  const auto found = live_.find(address);
  check(found != live_.end() && found->second.arena == 0, "dismissed memory was admitted");
  if (freed_.size() >= kFreedKept) freed_.erase(freed_.begin());
  freed_[address] = found->second.extent;
  live_.erase(found);
}

std::uint64_t Memory::free_bytes() const {
  const std::shared_lock lock(mutex_);
  return total_bytes_ - std::min(total_bytes_, used_bytes_);
}

std::int64_t Memory::n_live() const {
  const std::shared_lock lock(mutex_);
  return n_live_;
}

std::optional<Extent> Memory::find(std::uint64_t address) const {
  const std::shared_lock lock(mutex_);
  const auto next = live_.upper_bound(address);
  if (next == live_.begin()) return std::nullopt;
  const Extent& extent = std::prev(next)->second.extent;
  if (!extent.holds(address, 1)) return std::nullopt;
  return extent;
}

Extent Memory::require(std::uint64_t address, std::uint64_t bytes, bool write, int lane) const {
  const std::shared_lock lock(mutex_);
  const auto next = live_.upper_bound(address);
  if (next == live_.begin()) fault(address, bytes, write, lane);
  const Extent& extent = std::prev(next)->second.extent;
  if (!extent.holds(address, bytes) || (write && !extent.writable)) {
    fault(address, bytes, write, lane);
  }
  return extent;
}

// Why [address, address + bytes) may not be touched; the lock is held.
void Memory::fault(std::uint64_t address, std::uint64_t bytes, bool write, int lane) const {
  const std::string what = std::string(write ? "write" : "read") + " of " + std::to_string(bytes) +
                           " bytes at " + hex(address);
  const auto next = live_.upper_bound(address);
  const auto before = next == live_.begin() ? live_.end() : std::prev(next);
  if (before != live_.end() && before->second.extent.holds(address, bytes)) {
    throw Fault(FaultKind::kReadOnly,
                what + ": read-only memory, " + describe(before->second.extent), lane);
  }
  const auto freed = freed_.upper_bound(address);
  if (freed != freed_.begin() && std::prev(freed)->second.holds(address, 1)) {
    throw Fault(FaultKind::kUseAfterFree,
                what + ": freed memory, " + describe(std::prev(freed)->second), lane);
  }
  const Extent* nearest = before == live_.end() ? nullptr : &before->second.extent;
  if (next != live_.end() && (nearest == nullptr || distance(next->second.extent, address, bytes) <
                                                        distance(*nearest, address, bytes))) {
    nearest = &next->second.extent;
  }
  throw Fault(FaultKind::kOutOfBounds,
              what + (nearest == nullptr ? ": no memory is allocated"
                                         : ": " + where(*nearest, address, bytes)),
              lane);
}

}  // namespace rocmforge::emu
