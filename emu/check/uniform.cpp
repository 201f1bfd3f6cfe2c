#include "check/uniform.h"

#include <bit>
#include <string>

#include "check/places.h"
#include "machine/fault.h"

namespace rocmforge::emu {

void Uniform::before(Wave& wave, const Step& step) {
  const Footprint& notes = notes_.of(step);
  State& state = waves_[wave.index];
  switch (notes.rule) {
    case Rule::kWmma:
      wmma(wave, step.inst);
      break;
    case Rule::kReadFirstLane:
      return read_first_lane(state, wave, step);
    case Rule::kBranchScc:
      return use(state.scc, wave, "a branch's condition");
    case Rule::kBranchVcc:
      return use(state.s[kVccLo], wave, "a branch's condition");
    case Rule::kScalarLoad:
    case Rule::kGlobal:
    case Rule::kJump:
      for (const Span& span : notes.s_reads) {
        for (std::size_t r = span.index; r < std::size_t{span.index} + span.n; ++r) {
          use(state.s[r], wave, "an address");
        }
      }
      break;
    default:
      break;
  }
  for (const Span& span : notes.v_writes) {
    for (std::size_t r = span.index; r < std::size_t{span.index} + span.n && r < 256; ++r) {
      state.written_by[r] = wave.exec();
    }
  }
  pass_on(state, wave, step, notes);
}

void Uniform::wmma(const Wave& wave, const Inst& inst) const {
  if (!wave.all_active()) {
    throw Fault(FaultKind::kFragment, "WMMA with EXEC " + hex(wave.exec()) + ": it wants all lanes",
                std::countr_one(wave.exec()));
  }
  for (int i = 0; i < 2; ++i) {
    const Operand& operand = inst.src[i];
    if (!operand.is_vgpr()) continue;
    for (std::size_t r = operand.index; r < std::size_t{operand.index} + operand.n; ++r) {
      for (int lane = 0; lane < 16; ++lane) {
        if (wave.v[r][lane] == wave.v[r][lane + 16]) continue;
        throw Fault(FaultKind::kFragment,
                    std::string(i == 0 ? "A" : "B") + " of WMMA, v" + std::to_string(r) +
                        ": lane " + std::to_string(lane) + " holds " + hex(wave.v[r][lane]) +
                        ", lane " + std::to_string(lane + 16) + " " + hex(wave.v[r][lane + 16]),
                    lane + 16);
      }
    }
  }
}

void Uniform::read_first_lane(State& state, const Wave& wave, const Step& step) const {
  const Inst& inst = step.inst;
  if (!inst.dst.is_sgpr() || inst.dst.index == kNull) return;
  Choice choice;
  const std::uint32_t exec = wave.exec();
  if (inst.src[0].is_vgpr() && exec != 0 && (state.written_by[inst.src[0].index] & exec) == exec) {
    const Lanes& lanes = wave.v[inst.src[0].index];
    const std::uint32_t first = lanes[std::countr_zero(exec)];
    for (int lane = 0; lane < kLanes; ++lane) {
      choice.differs |= (lanes[lane] != first ? 1U : 0U) << lane;
    }
    choice.differs &= exec;
    choice.by = &step;
  }
  state.s[inst.dst.index] = choice;
}

void Uniform::use(const Choice& choice, const Wave& wave, const char* as) const {
  const std::uint32_t wrong = choice.differs & wave.exec();
  if (wrong == 0) return;
  throw Fault(FaultKind::kDivergentScalar,
              std::string(as) + " comes of lanes that differ, by " + place_of(*choice.by),
              std::countr_zero(wrong));
}

void Uniform::pass_on(State& state, const Wave& wave, const Step& step,
                      const Footprint& notes) const {
  const bool is_scalar = notes.rule >= Rule::kScalar;
  if (!is_scalar && notes.s_writes.n == 0) return;
  Choice choice;
  if (is_scalar) {
    for (const Span& span : notes.s_reads) {
      for (std::size_t r = span.index; r < std::size_t{span.index} + span.n; ++r) {
        if ((state.s[r].differs & wave.exec()) != 0) choice = state.s[r];
      }
    }
  }
  for (const Span& span : notes.s_writes) {
    for (std::size_t r = span.index; r < std::size_t{span.index} + span.n; ++r) {
      if (r != kExecLo) state.s[r] = choice;
    }
  }
  if (step.inst.opcode->implicit.writes_scc) state.scc = choice;
}

}  // namespace rocmforge::emu
