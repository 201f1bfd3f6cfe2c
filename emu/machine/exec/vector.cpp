// The table of vector arithmetic, and what DPP adds to any of it.
#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

// The handler of each row of opcodes(), without DPP.
Handler plain_handler(const Opcode& opcode) {
  static const auto kHandlers = [] {
    std::vector<Handler> handlers;
    for (const Opcode& each : opcodes()) {
      Inst inst;
      inst.opcode = &each;
      handlers.push_back(find_handler(inst));
    }
    return handlers;
  }();
  return kHandlers[static_cast<std::size_t>(&opcode - opcodes().data())];
}

// Sources are permuted where they are read (vector_operand.cpp); a lane that DPP does not write
// gets back what it had, and its bit of a mask is 0, as if it were not active.
void run_dpp(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const Handler run = plain_handler(*inst.opcode);
  if (run == nullptr || inst.opcode->encoding == Encoding::kVop3p) unsupported(inst, "DPP");
  const std::uint32_t written = dpp_written(inst.dpp, wave.exec());
  const int registers = inst.dst.is_vgpr() ? inst.dst.n : 0;
  Lanes old[2];
  if (registers > 2) unsupported(inst, "DPP");
  for (int i = 0; i < registers; ++i) old[i] = wave.v[(inst.dst.index + i) & 255];
  run(wave, step);
  for (int i = 0; i < registers; ++i) {
    Lanes& to = wave.v[(inst.dst.index + i) & 255];
    for (int lane = 0; lane < kLanes; ++lane) {
      if ((written >> lane & 1U) == 0) to.x[lane] = old[i].x[lane];
    }
  }
  for (const Operand* mask : {&inst.dst, &inst.dst2}) {
    if (mask->is_sgpr()) wave.set_sgpr(mask->index, wave.s[mask->index] & written);
  }
}

void run_nothing(Wave&, const Step&) {}

void run_swap(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const Lanes first = wave.v[inst.dst.index], second = wave.v[inst.src[0].index];
  write_lanes(wave, inst.dst.index, second);
  write_lanes(wave, inst.src[0].index, first);
}

constexpr HandlerRow kOthers[] = {
    {kDppName, &run_dpp},          {"v_nop", &run_nothing},
    {"v_pipeflush", &run_nothing}, {"v_permlane64_b32", &run_nothing},  // of waves of 64 lanes only
    {"v_swap_b32", &run_swap},
};

}  // namespace

std::span<const HandlerRow> vector_handlers() {
  static const auto kRows = joined({float_rows(), convert_rows(), divide_rows(), integer_rows(),
                                    short_rows(), compare_rows(), dual_rows(), kOthers});
  return kRows;
}

}  // namespace rocmforge::emu
