// How reports name an instruction.
#pragma once

#include <string>

#include "isa/decode.h"
#include "machine/fault.h"
#include "machine/program.h"

namespace rocmforge::emu {

// "global_load_b32 at 0x1c40"; addresses are the code object's.
inline std::string place_of(const Step& step) {
  return mnemonic(step.inst) + " at " + hex(step.inst.address);
}

}  // namespace rocmforge::emu
