// What a kernel does that it must not. A fault ends its dispatch and loses the card.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "object/hex.h"

namespace rocmforge::emu {

enum class FaultKind : std::uint8_t {
  kUnknownInstruction,
  kOutOfBounds,  // global memory, scratch, LDS, or a register beyond the kernel's
  kUseAfterFree,
  kMisaligned,
  kReadOnly,
  kUninitialised,  // register or LDS
  kMissingWait,    // a register that a load has yet to fill
  kLdsRace,
  kGlobalRace,
  kDivergentScalar,  // v_readfirstlane of lanes that differ where all must agree
  kFragment,         // WMMA operands that lanes 16-31 do not repeat
  kBarrier,          // waves of a group that wait for one another for good
  kLimit,            // more instructions than allowed: hung?
  kUnsupported,      // modelled neither here nor anywhere below
};
std::string_view to_string(FaultKind kind);

inline constexpr int kNoLane = -1;

// Thrown where it happens, without the place; the machine adds kernel, address, source line, work
// group and wave, and throws it on (run_group()).
class Fault : public std::runtime_error {
 public:
  Fault(FaultKind kind, const std::string& what, int lane = kNoLane)
      : std::runtime_error(what), kind_(kind), lane_(lane) {}
  FaultKind kind() const { return kind_; }
  int lane() const { return lane_; }

 private:
  FaultKind kind_;
  int lane_;
};

}  // namespace rocmforge::emu
