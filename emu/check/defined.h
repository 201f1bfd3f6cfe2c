// Which bits of a wave's registers hold a defined value. Vector registers: by halves of 16 bits, a
// lane a bit, low halves in bits 0-31 and high halves in bits 32-63. Scalar ones: bit by bit, since
// lane masks are made and mixed there.
#pragma once

#include <array>
#include <cstdint>

#include "check/lanes.h"
#include "check/rules.h"
#include "machine/wave.h"

namespace rocmforge::emu {

using Halves = std::uint64_t;
inline constexpr Halves kAllHalves = ~Halves{0};

constexpr Halves full(std::uint32_t lanes) {
  return lanes | Halves{lanes} << 32;
}
constexpr std::uint32_t low(Halves x) {
  return static_cast<std::uint32_t>(x);
}
constexpr std::uint32_t high(Halves x) {
  return static_cast<std::uint32_t>(x >> 32);
}
constexpr std::uint32_t both(Halves x) {
  return low(x) & high(x);
}
constexpr Halves halves(std::uint32_t low_lanes, std::uint32_t high_lanes) {
  return low_lanes | Halves{high_lanes} << 32;
}

struct Defined {
  std::array<Halves, 256> v{};
  std::array<std::uint32_t, 144> s{};  // s[kNull] and s[kExecLo] are always all ones
  bool scc = false;

  // All of a scalar operand's registers.
  bool all(const Operand& operand) const;
  std::uint32_t bits(const Operand& operand, int reg) const;
};

// Which lanes an instruction writes, and where DPP takes its first source from.
struct LaneContext {
  std::uint32_t exec = 0;
  bool moves = false;
  LaneMoves dpp;
};

// The one 32-bit result of a vector instruction (kAll to kMix), in all lanes.
Halves defined_result(const Defined& d, const Wave& wave, const Operation& operation, Rule rule,
                      const LaneContext& lanes);
// Lanes in which source i is defined as its type wants it.
std::uint32_t defined_source(const Defined& d, const Operation& operation, int i,
                             const LaneContext& lanes);
// All of them, and VCC where it is read.
std::uint32_t defined_sources(const Defined& d, const Operation& operation,
                              const LaneContext& lanes);

}  // namespace rocmforge::emu
