#include "check/lanes.h"

#include "machine/exec/vector_operand.h"

namespace rocmforge::emu {
namespace {

void set(LaneMoves& moves, int lane, int from, bool readable, bool zero_else) {
  const std::uint32_t bit = 1U << lane;
  if (from >= 0 && readable) {
    moves.from[static_cast<std::size_t>(lane)] = static_cast<std::uint8_t>(from);
    moves.enabled |= bit;
  } else if (zero_else) {
    moves.enabled |= bit;
    moves.zero |= bit;
  }
}

}  // namespace

LaneMoves moves_of(const Dpp& dpp, std::uint32_t exec) {
  LaneMoves moves;
  const std::uint32_t written = dpp_written(dpp, exec);
  for (int lane = 0; lane < kLanes; ++lane) {
    if ((written >> lane & 1U) == 0) continue;
    const int from = dpp_source(dpp, exec, lane);
    set(moves, lane, from, from >= 0, true);
  }
  return moves;
}

LaneMoves moves_of(const PermlaneSelect& select, std::uint32_t exec) {
  LaneMoves moves;
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t word = (lane & 8) != 0 ? select.high : select.low;
    const int row = (lane & 16) ^ (select.other_row ? 16 : 0);
    const int from = row | static_cast<int>(word >> (lane & 7) * 4 & 15U);
    const bool readable = select.fetch_inactive || (exec >> from & 1U) != 0;
    set(moves, lane, from, readable, select.bound_control);
  }
  return moves;
}

std::uint32_t moved(std::uint32_t lanes, const LaneMoves& moves) {
  std::uint32_t result = moves.zero;
  for (int lane = 0; lane < kLanes; ++lane) {
    result |= (lanes >> moves.from[static_cast<std::size_t>(lane)] & 1U) << lane;
  }
  return result & moves.enabled;
}

}  // namespace rocmforge::emu
