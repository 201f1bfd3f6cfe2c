// How handlers reach memory: bounds and alignment are checked, the watch is told, traffic is
// counted, and only then bytes move.
#pragma once

#include <cstddef>
#include <cstdint>

#include "machine/watch.h"
#include "machine/wave.h"

namespace rocmforge::emu {

// Host memory behind [address, address + bytes) of the card; Fault otherwise. One scalar access or
// one lane's; what it fell into is kept in wave.extents.
std::byte* global_at(Wave& wave, std::uint64_t address, std::uint32_t bytes, bool write, int lane);

// `access` of the active lanes (those of EXEC) to global memory: checks every lane, tells the
// watch, counts lines. Afterwards the lanes' addresses may be read or written as host pointers.
// True where all 32 lanes are active and lie one behind another, so that they are one piece of 32
// times `bytes`.
bool enter_global(Wave& wave, const Step& step, const Access& access);
// The same for the LDS; alignment is that of `bytes` a lane (8 for 8, 16 for 16; 12 wants 16), and
// conflicts are counted. True as above.
bool enter_lds(Wave& wave, const Step& step, const Access& access);

}  // namespace rocmforge::emu
