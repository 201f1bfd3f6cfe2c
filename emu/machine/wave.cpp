#include "machine/wave.h"

#include "machine/fault.h"

namespace rocmforge::emu {

void Wave::set_exec(std::uint32_t mask) {
  if (mask == s[kExecLo]) return;
  s[kExecLo] = mask;
  for (int lane = 0; lane < kLanes; ++lane) active.x[lane] = 0U - (mask >> lane & 1U);
}

void check_mode(std::uint32_t mode) {
  // AMD, "RDNA3 Instruction Set Architecture", MODE: rounding, two bits for f32 and two for f64 and
  // f16; exceptions; f16 overflow clamped.
  constexpr std::uint32_t kRounding = 0xf, kExceptions = 0x1ffU << 12, kF16Overflow = 1U << 23;
  if ((mode & kRounding) != 0) {
    throw Fault(FaultKind::kUnsupported, "a rounding mode other than to nearest even");
  }
  if ((mode & kExceptions) != 0) {
    throw Fault(FaultKind::kUnsupported, "floating-point exceptions");
  }
  if ((mode & kF16Overflow) != 0) {
    throw Fault(FaultKind::kUnsupported, "MODE.FP16_OVFL");
  }
}

}  // namespace rocmforge::emu
