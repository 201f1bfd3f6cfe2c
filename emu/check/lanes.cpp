#include "check/lanes.h"

namespace rocmforge::emu {
namespace {

// The lane of the same row of 16 that a DPP16 control names, or -1 outside.
int dpp16_source(std::uint32_t control, int lane) {
  const int row = lane & ~15, in_row = lane & 15, n = static_cast<int>(control & 15U);
  if (control < 0x100) return (lane & ~3) | static_cast<int>(control >> (lane & 3) * 2 & 3U);
  switch (control & 0x1f0U) {
    case 0x100:  // row_shl
      return in_row + n < 16 ? lane + n : -1;
    case 0x110:  // row_shr
      return in_row - n >= 0 ? lane - n : -1;
    case 0x120:  // row_ror
      return row | ((in_row - n) & 15);
    case 0x140:  // row_mirror, row_half_mirror
      return n == 0 ? row | (15 - in_row) : (lane & ~7) | (7 - (lane & 7));
    case 0x150:  // row_share
      return row | n;
    case 0x160:  // row_xmask
      return row | (in_row ^ n);
    default:
      return -1;
  }
}

int source_of(const Dpp& dpp, int lane) {
  if (dpp.kind == Dpp::Kind::kDpp16) return dpp16_source(dpp.control, lane);
  return (lane & ~7) | static_cast<int>(dpp.selectors >> (lane & 7) * 3 & 7U);
}

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
  for (int lane = 0; lane < kLanes; ++lane) {
    if (dpp.kind == Dpp::Kind::kDpp16 &&
        ((dpp.row_mask >> (lane / 16) & 1) == 0 || (dpp.bank_mask >> (lane / 4 % 4) & 1) == 0)) {
      continue;
    }
    const int from = source_of(dpp, lane);
    const bool readable = from >= 0 && (dpp.fetch_inactive || (exec >> from & 1U) != 0);
    // DPP8 has no bound control: a lane that is off gives 0.
    set(moves, lane, from, readable, dpp.bound_control || dpp.kind == Dpp::Kind::kDpp8);
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
