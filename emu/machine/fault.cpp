#include "machine/fault.h"

namespace rocmforge::emu {

std::string_view to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::kUnknownInstruction:
      return "unknown instruction";
    case FaultKind::kOutOfBounds:
      return "out of bounds";
    case FaultKind::kUseAfterFree:
      return "use after free";
    case FaultKind::kMisaligned:
      return "misaligned";
    case FaultKind::kReadOnly:
      return "read-only memory";
    case FaultKind::kUninitialised:
      return "uninitialised";
    case FaultKind::kMissingWait:
      return "missing wait";
    case FaultKind::kLdsRace:
      return "LDS race";
    case FaultKind::kGlobalRace:
      return "global race";
    case FaultKind::kDivergentScalar:
      return "divergent scalar";
    case FaultKind::kFragment:
      return "fragment not repeated";
    case FaultKind::kBarrier:
      return "barrier";
    case FaultKind::kLimit:
      return "limit";
    case FaultKind::kUnsupported:
      return "unsupported";
  }
  return "fault";
}

}  // namespace rocmforge::emu
