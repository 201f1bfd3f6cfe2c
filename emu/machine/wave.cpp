#include "machine/wave.h"

namespace rocmforge::emu {

void Wave::set_exec(std::uint32_t mask) {
  if (mask == s[kExecLo]) return;
  s[kExecLo] = mask;
  for (int lane = 0; lane < kLanes; ++lane) active.x[lane] = 0U - (mask >> lane & 1U);
}

}  // namespace rocmforge::emu
