// What the kernels of a program did, counted while they ran.
//
// Instructions are counted where they stand, one number a step of the program, so that classes,
// loops and hot spots are all sums over one array. Memory is counted by the handlers.
#pragma once

#include <cstdint>
#include <vector>

namespace rocmforge::emu {

inline constexpr std::uint64_t kLineBytes = 128;  // of L2 and of the Infinity Cache

struct Traffic {
  std::uint64_t instructions = 0;
  std::uint64_t bytes = 0;  // asked for by the lanes
  std::uint64_t lines = 0;  // distinct 128-byte lines, instruction by instruction
  Traffic& operator+=(const Traffic& other);
};

struct Counters {
  std::vector<std::uint64_t> executed;  // wave-instructions, by step
  std::uint64_t dispatches = 0, groups = 0, waves = 0;
  std::uint64_t barriers = 0;  // by group, not by wave
  Traffic loads, stores, atomics;
  Traffic scalar_loads;             // lines: of 64 bytes, the scalar cache's
  std::uint64_t lds_cycles = 0;     // that the LDS was busy: 32 banks of 4 bytes a cycle
  std::uint64_t lds_conflicts = 0;  // of those, beyond what the width alone asks
  std::uint64_t lds_bytes = 0;
  Counters& operator+=(const Counters& other);  // `executed` grows to the larger
};

}  // namespace rocmforge::emu
