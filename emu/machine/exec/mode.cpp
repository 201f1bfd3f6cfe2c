// The hardware registers that instructions read and write: MODE.
//
// Source: AMD, "RDNA3 Instruction Set Architecture", chapters 3.3 and 16.
#include <string>

#include "machine/exec/handlers.h"
#include "machine/exec/scalar_operand.h"

namespace rocmforge::emu {
namespace {

std::uint32_t immediate_of(const Step& step) {
  return static_cast<std::uint32_t>(step.inst.immediate) & 0xffffU;
}

constexpr std::uint32_t kModeRegister = 1;

struct Field {
  std::uint32_t offset, mask;  // the mask at bit 0
};
Field mode_field(const Step& step) {
  const std::uint32_t immediate = immediate_of(step);
  const std::uint32_t id = immediate & 63, offset = immediate >> 6 & 31,
                      width = (immediate >> 11 & 31) + 1;
  if (id != kModeRegister) {
    throw Fault(FaultKind::kUnsupported,
                "hardware register " + std::to_string(id) + "; MODE (1) alone is modelled");
  }
  return {offset, width == 32 ? ~0U : (1U << width) - 1};
}
void get_register(Wave& wave, const Step& step) {
  const Field field = mode_field(step);
  write32(wave, step.inst.dst, wave.mode >> field.offset & field.mask);
}
void set_register(Wave& wave, const Step& step) {
  const Field field = mode_field(step);
  const std::uint32_t mask = field.mask << field.offset;
  const std::uint32_t value = read32(wave, step.inst.src[0]) << field.offset;
  wave.set_mode((wave.mode & ~mask) | (value & mask));
}
// SOPP: the low four bits of the immediate are those of MODE.
void set_rounding(Wave& wave, const Step& step) {
  wave.set_mode((wave.mode & ~0xfU) | (immediate_of(step) & 0xfU));
}
void set_denormals(Wave& wave, const Step& step) {
  wave.set_mode((wave.mode & ~0xf0U) | (immediate_of(step) & 0xfU) << 4);
}

constexpr HandlerRow kRows[] = {
    // SOPK
    {"s_getreg_b32", &get_register},
    {"s_setreg_b32", &set_register},
    {"s_setreg_imm32_b32", &set_register},
    // SOPP
    {"s_round_mode", &set_rounding},
    {"s_denorm_mode", &set_denormals},
};

}  // namespace

std::span<const HandlerRow> mode_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
