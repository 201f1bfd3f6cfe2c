// What the counters of a kernel say: instructions by class, its main loop, occupancy.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "machine/counters.h"
#include "machine/program.h"

namespace rocmforge::emu {

using ByClass = std::array<std::uint64_t, kClasses>;

// The loop in which most of the instructions were executed: the steps from the target of a backward
// branch to that branch, or a loop within that has most of its work.
struct MainLoop {
  std::uint64_t begin = 0, end = 0;  // addresses in the object, of its first and last instruction
  std::uint64_t rounds = 0;          // executions of its hottest instruction, by waves
  ByClass by_class{};                // wave-instructions executed in it
  std::uint64_t loaded_bytes = 0;    // by its loads, had all lanes been active
  double share = 0;                  // of all the instructions
};

struct Occupancy {
  std::uint32_t waves = 0;  // a SIMD; the most is 16
  enum class Limit : std::uint8_t { kWaves, kRegisters, kLds } limit = Limit::kWaves;
};

struct KernelWork {
  ByClass by_class{};
  std::uint64_t instructions = 0;
  std::uint64_t dual = 0;  // VOPD: two operations in one
  std::optional<MainLoop> loop;
};

KernelWork work_of(const Program& program, const Counters& counters);

// Waves that a SIMD holds at once: 1536 registers a lane in blocks of 24, 16 waves, and the 128 KiB
// of LDS of a WGP's four SIMDs, 64 KiB of them to a work group (AMD, "RDNA3 Instruction Set
// Architecture", and LLVM's AMDGPUUsage, GRANULATED_WORKITEM_VGPR_COUNT).
Occupancy occupancy_of(const KernelInfo& kernel, std::uint32_t group_threads,
                       std::uint32_t lds_bytes);

std::uint64_t count_of(const ByClass& by_class, Class kind);
// VALU operations: all but WMMA.
std::uint64_t valu_of(const ByClass& by_class);

}  // namespace rocmforge::emu
