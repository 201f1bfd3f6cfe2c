// Definedness of scalar registers, bit by bit.
#include <string>
#include <string_view>

#include "check/registers.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kOnes = 0xffffffffU;

std::uint32_t value_of(const Wave& wave, const Operand& operand, int reg) {
  if (operand.is_sgpr()) {
    return operand.index == kNull ? 0 : wave.s[static_cast<std::size_t>(operand.index + reg)];
  }
  return static_cast<std::uint32_t>(operand.constant >> 32 * reg);
}

// Whether SCC is read as a value: what the table says of min and max is about its write.
bool reads_carry(std::string_view name) {
  return name.starts_with("s_addc") || name.starts_with("s_subb");
}

struct Bits {
  std::uint32_t value, defined;
};
Bits operator~(Bits x) {
  return {~x.value, x.defined};
}
Bits operator&(Bits a, Bits b) {
  return {a.value & b.value,
          (a.defined & b.defined) | (a.defined & ~a.value) | (b.defined & ~b.value)};
}
Bits operator|(Bits a, Bits b) {
  return ~(~a & ~b);
}
Bits operator^(Bits a, Bits b) {
  return {a.value ^ b.value, a.defined & b.defined};
}

Bits combine(Rule rule, std::string_view name, Bits a, Bits b) {
  Bits x{};
  switch (rule) {
    case Rule::kScalarMove:
      return name.starts_with("s_not") ? ~a : a;
    case Rule::kScalarAnd:
      x = a & b;
      break;
    case Rule::kScalarAndNot:
      return a & ~b;
    case Rule::kScalarOr:
      x = a | b;
      break;
    case Rule::kScalarOrNot:
      return a | ~b;
    default:
      x = a ^ b;
  }
  const bool inverted = name.starts_with("s_n") || name.starts_with("s_xn");
  return inverted ? ~x : x;
}

[[noreturn]] void fault(const std::string& what) {
  throw Fault(FaultKind::kUninitialised, what);
}

// Whether "is it other than zero" has a defined answer.
bool decides(Bits x) {
  return x.defined == kOnes || (x.value & x.defined) != 0;
}

}  // namespace

void Registers::write_scalar(Defined& d, const Operand& dst, int reg, std::uint32_t bits) {
  if (!dst.is_sgpr() || dst.index == kNull) return;
  const int index = dst.index + reg;
  if (index == kExecLo) {
    if (bits != kOnes) fault("what EXEC is made of is not defined");
    return;
  }
  d.s[static_cast<std::size_t>(index)] = bits;
}

void Registers::scalar_bitwise(Defined& d, const Wave& wave, const Inst& inst, Rule rule) {
  bool some = false, all = true;
  std::uint32_t results[2] = {0, 0};
  for (int reg = 0; reg < inst.dst.n && reg < 2; ++reg) {
    const Bits a{value_of(wave, inst.src[0], reg), d.bits(inst.src[0], reg)};
    const Bits b{value_of(wave, inst.src[1], reg), d.bits(inst.src[1], reg)};
    const Bits x = combine(rule, inst.opcode->name, a, b);
    results[reg] = x.defined;
    some = some || (x.value & x.defined) != 0;
    all = all && x.defined == kOnes;
  }
  for (int reg = 0; reg < inst.dst.n && reg < 2; ++reg) {
    write_scalar(d, inst.dst, reg, results[reg]);
  }
  if (inst.opcode->implicit.writes_scc) d.scc = some || all;
}

void Registers::scalar(Defined& d, Wave& wave, const Inst& inst, Rule rule) {
  const std::string_view name = inst.opcode->name;
  const auto write_all = [&](std::uint32_t bits) {
    for (int reg = 0; reg < inst.dst.n; ++reg) write_scalar(d, inst.dst, reg, bits);
  };
  switch (rule) {
    case Rule::kScalarLoad:
      if (!d.all(inst.src[0]) || !d.all(inst.src[1])) fault("an address is not defined");
      return write_all(kOnes);
    case Rule::kScalarMove:
    case Rule::kScalarAnd:
    case Rule::kScalarAndNot:
    case Rule::kScalarOr:
    case Rule::kScalarOrNot:
    case Rule::kScalarXor:
      return scalar_bitwise(d, wave, inst, rule);
    case Rule::kScalarSelect: {
      const Operand& chosen = wave.scc ? inst.src[0] : inst.src[1];
      std::uint32_t bits[2] = {};
      for (int reg = 0; reg < 2; ++reg) bits[reg] = d.scc ? d.bits(chosen, reg) : 0;
      for (int reg = 0; reg < inst.dst.n && reg < 2; ++reg)
        write_scalar(d, inst.dst, reg, bits[reg]);
      return;
    }
    case Rule::kScalarConditional:
      if (!d.scc) return write_all(0);
      for (int reg = 0; wave.scc && reg < inst.dst.n; ++reg) {
        write_scalar(d, inst.dst, reg, d.bits(inst.src[0], reg));
      }
      return;
    case Rule::kSaveExec: {
      const Bits exec{wave.exec(), kOnes};
      const Bits source{value_of(wave, inst.src[0], 0), d.bits(inst.src[0], 0)};
      Bits x{};
      if (name.starts_with("s_and_not1")) {
        x = source & ~exec;
      } else if (name.starts_with("s_and_not0")) {
        x = ~source & exec;
      } else if (name.starts_with("s_or_not1")) {
        x = source | ~exec;
      } else if (name.starts_with("s_or_not0")) {
        x = ~source | exec;
      } else if (name.starts_with("s_and_") || name.starts_with("s_nand_")) {
        x = source & exec;
      } else if (name.starts_with("s_or_") || name.starts_with("s_nor_")) {
        x = source | exec;
      } else {
        x = source ^ exec;
      }
      if (x.defined != kOnes) fault("what EXEC is made of is not defined");
      d.scc = true;
      return write_all(kOnes);
    }
    case Rule::kJump:
      if (!d.all(inst.src[0])) fault("the address of a jump is not defined");
      return write_all(kOnes);
    case Rule::kBranchScc:
      if (!d.scc) fault("the condition of a branch is not defined: SCC");
      return;
    case Rule::kBranchVcc:
      if (!decides({wave.vcc(), d.s[kVccLo]}))
        fault("the condition of a branch is not defined: VCC");
      return;
    default: {
      bool all = !reads_carry(name) || d.scc;
      for (const Operand& source : inst.src) all = all && d.all(source);
      if (name.starts_with("s_setreg") && !all)
        fault("what a mode register is set to is not defined");
      write_all(all ? kOnes : 0);
      if (inst.opcode->implicit.writes_scc) d.scc = all;
    }
  }
}

}  // namespace rocmforge::emu
