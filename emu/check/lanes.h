// Which lane another one takes its source from: DPP, and v_permlane.
#pragma once

#include <array>
#include <cstdint>

#include "machine/wave.h"

namespace rocmforge::emu {

// For each lane its source, where `enabled` says that it has one and is to be written, or a zero.
struct LaneMoves {
  std::array<std::uint8_t, kLanes> from{};
  std::uint32_t enabled = 0;  // lanes that are written
  std::uint32_t zero = 0;     // of those, the ones that get 0
};

// As the instruction itself goes about it, of the active lanes; the same Fault for what is not
// modelled.
LaneMoves moves_of(const Dpp& dpp, std::uint32_t exec);

struct PermlaneSelect {
  std::uint32_t low = 0, high = 0;  // four bits a lane
  bool other_row = false;           // v_permlanex16
  bool fetch_inactive = false, bound_control = false;
};
LaneMoves moves_of(const PermlaneSelect& select, std::uint32_t exec);

// Bits of lanes, moved.
std::uint32_t moved(std::uint32_t lanes, const LaneMoves& moves);

}  // namespace rocmforge::emu
