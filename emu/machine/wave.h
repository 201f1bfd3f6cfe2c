// The state of one wave of 32 lanes, and of the work group that it is part of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "isa/inst.h"
#include "machine/counters.h"
#include "machine/memory.h"
#include "machine/program.h"

namespace rocmforge::emu {

inline constexpr int kLanes = 32;

// One register of all lanes, or a mask: all ones where a lane takes part.
struct alignas(64) Lanes {
  std::uint32_t x[kLanes];
  std::uint32_t& operator[](int lane) { return x[lane]; }
  std::uint32_t operator[](int lane) const { return x[lane]; }
};

class Watch;
struct Group;

// Fault{kUnsupported} for what MODE may not hold here: rounding other than to nearest even,
// exceptions, f16 overflow clamped. Denormals may be kept or flushed to zero.
void check_mode(std::uint32_t mode);

struct Wave {
  enum class State : std::uint8_t { kRunning, kAtBarrier, kEnded };

  std::array<Lanes, 256> v;
  // s0-s105, VCC, trap registers, null (kept 0), M0, EXEC: by operand number. The tail is room for
  // wide reads at the end.
  std::array<std::uint32_t, 144> s{};
  bool scc = false;
  State state = State::kRunning;
  std::uint32_t mode = 0;   // FLOAT_MODE and the rest of MODE, as s_setreg sees it
  std::uint32_t index = 0;  // in its group
  const Step* pc = nullptr;
  const Step* at = nullptr;  // the step that runs, for faults
  Group* group = nullptr;
  Lanes active;  // EXEC, a lane an element: kept by set_exec()
  // Where this wave's accesses last fell: most repeat.
  std::array<Extent, 8> extents{};
  std::vector<std::byte> scratch;  // lane by lane

  std::uint32_t exec() const { return s[kExecLo]; }
  std::uint32_t vcc() const { return s[kVccLo]; }
  bool is_active(int lane) const { return (exec() >> lane & 1) != 0; }
  bool all_active() const { return exec() == 0xffffffffU; }
  void set_exec(std::uint32_t mask);
  void set_mode(std::uint32_t value) {
    check_mode(value);
    mode = value;
  }
  // Every write of a scalar register by an instruction: keeps null 0 and EXEC's lanes in step.
  void set_sgpr(int number, std::uint32_t value) {
    if (number == kNull) return;
    if (number == kExecLo) return set_exec(value);
    s[static_cast<std::size_t>(number)] = value;
  }
};

struct Dispatch;

struct Group {
  std::uint32_t id[3] = {0, 0, 0};
  std::uint32_t n_waves = 0;
  std::uint32_t n_vgprs = 256;  // that a wave may name
  std::vector<Wave> waves;
  std::vector<std::byte> lds;
  const Dispatch* dispatch = nullptr;
  const Memory* memory = nullptr;  // the card's
  Counters* counters = nullptr;    // of the worker that runs the group
  Watch* watch = nullptr;          // null: unchecked
};

}  // namespace rocmforge::emu
