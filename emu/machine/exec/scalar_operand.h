// How scalar instructions read and write their operands.
#pragma once

#include "machine/fault.h"
#include "machine/wave.h"

namespace rocmforge::emu {

inline std::uint32_t read32(const Wave& wave, const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::kSgpr:
      return wave.s[operand.index];
    case Operand::Kind::kConstant:
      return static_cast<std::uint32_t>(operand.constant);
    case Operand::Kind::kScc:
      return wave.scc ? 1 : 0;
    case Operand::Kind::kVccz:
      return wave.vcc() == 0 ? 1 : 0;
    case Operand::Kind::kExecz:
      return wave.exec() == 0 ? 1 : 0;
    case Operand::Kind::kNone:
    case Operand::Kind::kVgpr:
      break;
  }
  throw Fault(FaultKind::kUnsupported, "a scalar instruction without a scalar operand");
}

// Null is 0 as a pair too, though M0 lies behind it.
inline std::uint64_t read64(const Wave& wave, const Operand& operand) {
  if (operand.is_constant()) return operand.constant;
  if (!operand.is_sgpr()) return read32(wave, operand);
  if (operand.index == kNull) return 0;
  return wave.s[operand.index] | std::uint64_t{wave.s[operand.index + std::size_t{1}]} << 32;
}

inline void write32(Wave& wave, const Operand& operand, std::uint32_t value) {
  wave.set_sgpr(operand.index, value);
}

inline void write64(Wave& wave, const Operand& operand, std::uint64_t value) {
  if (operand.index == kNull) return;
  wave.set_sgpr(operand.index, static_cast<std::uint32_t>(value));
  wave.set_sgpr(operand.index + 1, static_cast<std::uint32_t>(value >> 32));
}

}  // namespace rocmforge::emu
