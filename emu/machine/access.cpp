#include "machine/access.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/check.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

using Kind = Access::Kind;

bool is_contiguous(const Access& access) {
  if (access.lanes != 0xffffffffU) return false;
  const std::uint64_t first = access.address[0];
  const std::uint64_t step = access.bytes;
  std::uint64_t differences = 0;
  for (std::uint64_t lane = 0; lane < kLanes; ++lane) {
    differences |= access.address[lane] ^ (first + lane * step);
  }
  return differences == 0;
}

// All ones where a lane takes part. Every access of vector instructions is by EXEC.
std::uint64_t takes_part(const Wave& wave, int lane) {
  return static_cast<std::uint64_t>(
      static_cast<std::int64_t>(static_cast<std::int32_t>(wave.active.x[lane])));
}

// The extent of the card's memory that holds the bytes; kept in front of those of the wave.
const Extent& extent_at(Wave& wave, std::uint64_t address, std::uint64_t bytes, bool write,
                        int lane) {
  for (const Extent& extent : wave.extents) {
    if (extent.holds(address, bytes) && (extent.writable || !write)) return extent;
  }
  check(wave.group->memory != nullptr, "a group of waves knows the card's memory");
  const Extent found = wave.group->memory->require(address, bytes, write, lane);
  std::copy_backward(wave.extents.begin(), wave.extents.end() - 1, wave.extents.end());
  wave.extents[0] = found;
  return wave.extents[0];
}

// Whether every active lane's bytes lie in `extent`.
bool all_within(const Wave& wave, const Access& access, const Extent& extent) {
  if (extent.end - extent.begin < access.bytes) return false;
  const std::uint64_t last = extent.end - extent.begin - access.bytes;
  std::uint64_t outside = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint64_t beyond = access.address[lane] - extent.begin > last ? ~0ULL : 0ULL;
    outside |= beyond & takes_part(wave, lane);
  }
  return outside == 0;
}

// Bounds of each active lane; those of most accesses lie in one extent.
void check_global(Wave& wave, const Access& access) {
  const bool write = access.kind != Kind::kRead;
  const int first = std::countr_zero(access.lanes);
  const Extent extent = extent_at(wave, access.address[first], access.bytes, write, first);
  if (all_within(wave, access, extent)) return;
  for (std::uint32_t lanes = access.lanes; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    extent_at(wave, access.address[lane], access.bytes, write, lane);
  }
}

void check_atomic_alignment(const Access& access) {
  for (std::uint32_t lanes = access.lanes; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    if (access.address[lane] % access.bytes != 0) {
      throw Fault(FaultKind::kMisaligned,
                  "atomic of " + std::to_string(access.bytes) + " bytes at an address that is " +
                      std::to_string(access.address[lane] % access.bytes) + " beyond a multiple",
                  lane);
    }
  }
}

// Counts distinct values, 64 at most.
class DistinctLines {
 public:
  void add(std::uint64_t line) {
    for (std::uint64_t slot = line * 0x9e3779b97f4a7c15ULL >> 57;; slot = (slot + 1) & 127) {
      if (slots_[slot] == line + 1) return;
      if (slots_[slot] == 0) {
        slots_[slot] = line + 1;
        ++count_;
        return;
      }
    }
  }
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t slots_[128] = {};  // line + 1; 0: free
  std::uint64_t count_ = 0;
};

// Distinct 128-byte lines under the active lanes.
std::uint64_t count_lines(const Wave& wave, const Access& access) {
  const int first = std::countr_zero(access.lanes);
  const std::uint64_t base = access.address[first] / kLineBytes - 16;
  std::uint64_t near = 0;  // of the 64 lines around the first lane's, one bit each
  std::uint64_t far = 0;   // not zero where a lane is elsewhere
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint64_t low = access.address[lane] / kLineBytes - base;
    const std::uint64_t high = (access.address[lane] + access.bytes - 1) / kLineBytes - base;
    const std::uint64_t bits = std::uint64_t{1} << (low & 63) | std::uint64_t{1} << (high & 63);
    near |= bits & takes_part(wave, lane);
    far |= (low | high) & ~std::uint64_t{63} & takes_part(wave, lane);
  }
  if (far == 0) return static_cast<std::uint64_t>(std::popcount(near));
  DistinctLines distinct;
  for (std::uint32_t lanes = access.lanes; lanes != 0; lanes &= lanes - 1) {
    const std::uint64_t address = access.address[std::countr_zero(lanes)];
    distinct.add(address / kLineBytes);
    distinct.add((address + access.bytes - 1) / kLineBytes);
  }
  return distinct.count();
}

Traffic& traffic_of(Counters& counters, Kind kind) {
  return kind == Kind::kRead    ? counters.loads
         : kind == Kind::kWrite ? counters.stores
                                : counters.atomics;
}

// `align` is a power of two.
void check_lds(const Wave& wave, const Access& access, std::uint64_t align) {
  const std::uint64_t size = wave.group->lds.size();
  std::uint64_t bad = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint64_t beyond = access.address[lane] + access.bytes > size ? ~0ULL : 0ULL;
    bad |= (beyond | (access.address[lane] & (align - 1))) & takes_part(wave, lane);
  }
  if (bad == 0) return;
  for (std::uint32_t lanes = access.lanes; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    const std::uint64_t at = access.address[lane];
    if (at % align != 0) {
      throw Fault(FaultKind::kMisaligned,
                  "LDS access of " + std::to_string(access.bytes) + " bytes at " +
                      std::to_string(at) + ", not a multiple of " + std::to_string(align),
                  lane);
    }
    if (at >= size || access.bytes > size - at) {
      throw Fault(FaultKind::kOutOfBounds,
                  "LDS access of " + std::to_string(access.bytes) + " bytes at " +
                      std::to_string(at) + ": the group has " + std::to_string(size) + " bytes",
                  lane);
    }
  }
}

// Cycles that lanes which collide take, a pass each of `lanes_per_pass`: as many as the busiest
// bank has distinct units to serve.
std::uint64_t conflicting_cycles(const Access& access, int shift, int lanes_per_pass) {
  std::uint64_t cycles = 0;
  for (int begin = 0; begin < kLanes; begin += lanes_per_pass) {
    std::uint64_t units[32][32];  // by bank
    int n[32] = {};
    int busiest = 0;
    for (int lane = begin; lane < begin + lanes_per_pass; ++lane) {
      if ((access.lanes >> lane & 1) == 0) continue;
      const std::uint64_t unit = access.address[lane] >> shift;
      const auto bank =
          static_cast<std::size_t>(unit & (static_cast<unsigned>(lanes_per_pass) - 1));
      std::uint64_t* end = units[bank] + n[bank];
      // An atomic takes its turn even where another lane has the same address.
      if (access.kind != Kind::kAtomic && std::find(&units[bank][0], end, unit) != end) continue;
      units[bank][n[bank]++] = unit;
      busiest = std::max(busiest, n[bank]);
    }
    cycles += static_cast<std::uint64_t>(busiest);
  }
  return cycles;
}

// The LDS serves 32 banks of 4 bytes a cycle (AMD, "RDNA3 Instruction Set Architecture", Data
// Share: 64 banks a WGP, 32 of them to each pair of SIMDs, each one read and one write a cycle).
// So 8 bytes a lane take two passes of 16 lanes, 12 and 16 take four of 8. Lanes that read or
// write the same unit share it. How the hardware groups wide accesses is not published; that
// consecutive lanes go together is assumed here.
void count_lds(Counters& counters, const Access& access) {
  const int shift = access.bytes <= 4 ? 2 : access.bytes == 8 ? 3 : 4;
  const int lanes_per_pass = 128 >> shift;
  std::uint64_t wanted = 0;  // passes with a lane in them
  for (int begin = 0; begin < kLanes; begin += lanes_per_pass) {
    const std::uint64_t pass = (std::uint64_t{1} << lanes_per_pass) - 1;
    wanted += (access.lanes >> begin & pass) != 0 ? 1U : 0U;
  }
  // Every lane's bank in its pass, one bit each: as many bits as lanes means that none collide.
  std::uint32_t banks = 0;
  const std::uint32_t in_pass = static_cast<std::uint32_t>(lanes_per_pass) - 1;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t bank = static_cast<std::uint32_t>(access.address[lane] >> shift) & in_pass;
    banks |= (access.lanes >> lane & 1) << (bank | (lane & ~in_pass));
  }
  const bool free = std::popcount(banks) == std::popcount(access.lanes);
  const std::uint64_t cycles = free ? wanted : conflicting_cycles(access, shift, lanes_per_pass);
  counters.lds_cycles += cycles;
  counters.lds_conflicts += cycles - wanted;
  counters.lds_bytes += static_cast<std::uint64_t>(std::popcount(access.lanes)) * access.bytes;
}

}  // namespace

std::byte* global_at(Wave& wave, std::uint64_t address, std::uint32_t bytes, bool write, int lane) {
  extent_at(wave, address, bytes, write, lane);
  return reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(address));
}

bool enter_global(Wave& wave, const Step& step, const Access& access) {
  Traffic& traffic = traffic_of(*wave.group->counters, access.kind);
  ++traffic.instructions;
  if (access.lanes == 0) return false;
  const bool contiguous = is_contiguous(access);
  if (contiguous && access.address[0] + kLanes * std::uint64_t{access.bytes} > access.address[0]) {
    const std::uint64_t bytes = kLanes * std::uint64_t{access.bytes};
    const std::uint64_t first = access.address[0];
    bool held = false;
    for (const Extent& extent : wave.extents) {
      held |= extent.holds(first, bytes) && (extent.writable || access.kind == Kind::kRead);
    }
    if (!held) check_global(wave, access);
    traffic.lines += (first + bytes - 1) / kLineBytes - first / kLineBytes + 1;
    traffic.bytes += bytes;
  } else {
    check_global(wave, access);
    traffic.lines += count_lines(wave, access);
    traffic.bytes += static_cast<std::uint64_t>(std::popcount(access.lanes)) * access.bytes;
  }
  if (access.kind == Kind::kAtomic) check_atomic_alignment(access);
  if (wave.group->watch != nullptr) wave.group->watch->global(wave, step, access);
  return contiguous;
}

bool enter_lds(Wave& wave, const Step& step, const Access& access) {
  if (access.lanes == 0) return false;
  const std::uint64_t align = access.bytes == 12 ? 16 : access.bytes;
  const bool contiguous = is_contiguous(access);
  const std::uint64_t all = kLanes * std::uint64_t{access.bytes};
  if (!contiguous || access.address[0] % align != 0 || access.bytes == 12 ||
      access.address[0] + all > wave.group->lds.size()) {
    check_lds(wave, access, align);
  }
  count_lds(*wave.group->counters, access);
  if (wave.group->watch != nullptr) wave.group->watch->lds(wave, step, access);
  return contiguous;
}

}  // namespace rocmforge::emu
