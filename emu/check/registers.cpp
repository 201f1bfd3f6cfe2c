#include "check/registers.h"

#include <bit>
#include <string>
#include <string_view>

#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kOnes = 0xffffffffU;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::string name_of(const Operand& operand) {
  if (operand.is_vgpr()) return "v" + std::to_string(operand.index);
  switch (operand.index) {
    case kVccLo:
      return "vcc_lo";
    case kM0:
      return "m0";
    case kExecLo:
      return "exec_lo";
    default:
      return "s" + std::to_string(operand.index);
  }
}

// Faults where a lane of `wanted` is not among those of `defined`.
void want(std::uint32_t defined, std::uint32_t wanted, const Operand& operand, const char* as) {
  const std::uint32_t missing = wanted & ~defined;
  if (missing == 0) return;
  const bool is_lane = operand.is_vgpr();
  throw Fault(FaultKind::kUninitialised,
              std::string(as) + " is not defined: " + name_of(operand) + " was not written",
              is_lane ? std::countr_zero(missing) : kNoLane);
}

bool is_half(Type type) {
  return type == Type::kB16 || type == Type::kF16;
}

}  // namespace

void Registers::begin_dispatch(const Dispatch& dispatch) {
  notes_.begin(dispatch);
}

void Registers::begin_group(Group& group) {
  waves_.assign(group.n_waves, Defined{});
  lds_.assign(group.lds.size(), 0);
  race_.clear();
}

// What the kernel descriptor has set up (LLVM, "User Guide for AMDGPU Backend": initial kernel
// execution state).
void Registers::begin_wave(Wave& wave) {
  Defined& d = waves_[wave.index];
  const KernelInfo& kernel = *wave.group->dispatch->kernel;
  std::size_t n = 0;
  const auto set_up = [&](std::size_t registers) {
    for (std::size_t i = 0; i < registers; ++i) d.s[n++] = kOnes;
  };
  // Private segment buffer, dispatch, queue and argument pointers, dispatch id, flat scratch,
  // private segment size.
  constexpr std::size_t kRegisters[] = {4, 2, 2, 2, 2, 2, 1};
  for (std::size_t i = 0; i < std::size(kRegisters); ++i) {
    if ((kernel.properties >> i & 1) != 0) set_up(kRegisters[i]);
  }
  n = kernel.rsrc2 >> 1 & 31U;  // user registers; then the group's ids
  for (std::uint32_t bit = 7; bit <= 10; ++bit) {
    if ((kernel.rsrc2 >> bit & 1U) != 0) set_up(1);
  }
  d.s[kNull] = d.s[kExecLo] = d.s[kExecHi] = kOnes;
  d.v[0] = full(wave.exec());  // work-item ids, packed
}

void Registers::before(Wave& wave, const Step& step) {
  const Footprint& notes = notes_.of(step);
  lds_calls_ = 0;
  if (notes.rule == Rule::kNone) return;
  if (race_.empty()) return check(wave, step, notes);
  try {
    check(wave, step, notes);
  } catch (const Fault& fault) {
    throw Fault(FaultKind::kGlobalRace, race_ + "; then " + fault.what(), fault.lane());
  }
}

void Registers::poison(const Wave& wave, const Step& step, std::uint32_t lanes,
                       const std::string& race) {
  const Operand& dst = step.inst.dst;
  for (int reg = 0; reg < dst.n; ++reg) waves_[wave.index].v[at(dst.index + reg)] &= ~full(lanes);
  if (race_.empty()) race_ = race;
}

void Registers::check(Wave& wave, const Step& step, const Footprint& notes) {
  Defined& d = waves_[wave.index];
  if (notes.rule >= Rule::kScalarLoad) return scalar(d, wave, step.inst, notes.rule);
  switch (notes.rule) {
    case Rule::kGlobal:
      return memory(d, wave, step.inst);
    case Rule::kLds:
      // The data, and what is read, are seen to where the addresses are known: lds().
      return want(defined_source(d, step.inst, 0, {}), wave.exec(), step.inst.src[0],
                  "an address of the LDS");
    case Rule::kBackwardPermute:
    case Rule::kForwardPermute:
    case Rule::kSwizzle:
      return permute(d, wave, step.inst, notes.rule);
    case Rule::kReadFirstLane:
    case Rule::kReadLane:
    case Rule::kWriteLane:
    case Rule::kPermlane:
      return across_lanes(d, wave, step.inst, notes.rule);
    case Rule::kSwap:
      return swap(d, wave, step.inst);
    case Rule::kWmma:
      return wmma(d, step.inst);
    default:
      return vector(wave, step, notes);
  }
}

void Registers::vector(Wave& wave, const Step& step, const Footprint& notes) {
  Defined& d = waves_[wave.index];
  const Inst& inst = step.inst;
  LaneContext lanes;
  lanes.exec = wave.exec();
  if (inst.dpp.kind != Dpp::Kind::kNone) {
    lanes.moves = true;
    lanes.dpp = moves_of(inst.dpp, lanes.exec);
    lanes.exec &= lanes.dpp.enabled;
  }
  if (notes.rule == Rule::kMask) {
    return write_mask(d, wave, inst.dst, defined_sources(d, inst, lanes) | ~lanes.exec);
  }
  if (notes.rule >= Rule::kWide) return wide(d, inst, notes.rule, lanes);
  const Halves first = defined_result(d, wave, inst, notes.rule, lanes);
  if (inst.is_dual()) {
    const Halves second = defined_result(d, wave, inst.second, notes.second_rule, lanes);
    write_result(d, inst, inst.second, second, lanes);
  }
  write_result(d, inst, inst, first, lanes);
  if (!inst.dst2.is_none()) write_mask(d, wave, inst.dst2, both(first) | ~lanes.exec);
}

void Registers::write_result(Defined& d, const Inst& inst, const Operation& operation,
                             Halves result, const LaneContext& lanes) {
  if (!operation.dst.is_vgpr()) return;
  Halves written = full(lanes.exec);
  if (is_half(operation.opcode->dst)) {  // the other half stays
    written = inst.dst_high ? halves(0, lanes.exec) : halves(lanes.exec, 0);
  }
  Halves& x = d.v[operation.dst.index];
  x = (x & ~written) | (result & written);
}

void Registers::write_mask(Defined& d, const Wave& wave, const Operand& dst, std::uint32_t lanes) {
  if (dst.index == kNull || !dst.is_sgpr()) return;
  if (dst.index == kExecLo) {
    const std::uint32_t missing = wave.exec() & ~lanes;
    if (missing == 0) return;
    throw Fault(FaultKind::kUninitialised, "what EXEC is made of is not defined",
                std::countr_zero(missing));
  }
  d.s[dst.index] = lanes;
}

void Registers::wide(Defined& d, const Operation& operation, Rule rule, const LaneContext& lanes) {
  const std::uint32_t all = defined_sources(d, operation, lanes);
  const Halves written = full(lanes.exec);
  std::uint32_t lower = all;
  if (rule == Rule::kLow64) {
    // Of a shift the amount, of wide sources the low register.
    lower = kOnes;
    for (int i = 0; i < 3; ++i) {
      const Operand& source = operation.src[i];
      if (source.is_vgpr()) {
        lower &= both(d.v[source.index]);
      } else if (source.is_sgpr()) {
        lower &= d.bits(source, 0) == kOnes ? kOnes : 0;
      }
    }
  }
  for (int reg = 0; reg < operation.dst.n; ++reg) {
    Halves& x = d.v[at(operation.dst.index + reg)];
    x = (x & ~written) | (full(reg == 0 ? lower : all) & written);
  }
  if (operation.dst2.is_sgpr() && operation.dst2.index != kNull) {
    d.s[operation.dst2.index] = all | ~lanes.exec;
  }
}

void Registers::across_lanes(Defined& d, const Wave& wave, const Inst& inst, Rule rule) {
  const Operand& source = inst.src[0];
  const auto of_lane = [&](std::uint32_t lane) {
    const Halves x = source.is_vgpr() ? d.v[source.index] : kAllHalves;
    return ((low(x) >> lane & 1U) != 0 ? 0xffffU : 0) |
           ((high(x) >> lane & 1U) != 0 ? 0xffff0000U : 0);
  };
  const auto lane_of = [&](const Operand& select) {
    return (select.is_sgpr() ? wave.s[select.index] : static_cast<std::uint32_t>(select.constant)) &
           31U;
  };
  if (rule == Rule::kReadFirstLane) {
    const std::uint32_t exec = wave.exec();
    const auto lane = static_cast<std::uint32_t>(exec == 0 ? 0 : std::countr_zero(exec));
    return write_scalar(d, inst.dst, 0, of_lane(lane));
  }
  if (rule == Rule::kReadLane) {
    return write_scalar(d, inst.dst, 0, d.all(inst.src[1]) ? of_lane(lane_of(inst.src[1])) : 0);
  }
  if (rule == Rule::kWriteLane) {
    want(d.all(inst.src[1]) ? kOnes : 0, kOnes, inst.src[1], "the lane to write");
    const Halves bit = full(1U << lane_of(inst.src[1]));
    const std::uint32_t bits = d.bits(source, 0);
    const Halves value =
        halves((bits & 0xffffU) == 0xffffU ? kOnes : 0, bits >> 16 == 0xffffU ? kOnes : 0);
    Halves& x = d.v[inst.dst.index];
    x = (x & ~bit) | (value & bit);
    return;
  }
  PermlaneSelect select;
  select.low = inst.src[1].is_sgpr() ? wave.s[inst.src[1].index]
                                     : static_cast<std::uint32_t>(inst.src[1].constant);
  select.high = inst.src[2].is_sgpr() ? wave.s[inst.src[2].index]
                                      : static_cast<std::uint32_t>(inst.src[2].constant);
  select.other_row = inst.opcode->name == std::string_view("v_permlanex16_b32");
  select.fetch_inactive = inst.dpp.fetch_inactive;
  select.bound_control = inst.dpp.bound_control;
  const LaneMoves moves = moves_of(select, wave.exec());
  const Halves known = d.all(inst.src[1]) && d.all(inst.src[2]) ? kAllHalves : 0;
  const Halves from = d.v[source.index];
  const Halves result = halves(moved(low(from), moves), moved(high(from), moves)) & known;
  const Halves written = full(wave.exec() & moves.enabled);
  Halves& x = d.v[inst.dst.index];
  x = (x & ~written) | (result & written);
}

void Registers::swap(Defined& d, const Wave& wave, const Inst& inst) {
  const Halves written = full(wave.exec());
  Halves &first = d.v[inst.dst.index], &second = d.v[inst.src[0].index];
  const Halves was_first = first, was_second = second;
  first = (was_first & ~written) | (was_second & written);
  second = (was_second & ~written) | (was_first & written);
}

// Row m of A lies in lanes m and m + 16, column n of B in lanes n and n + 16; register i of C and D
// has row 2 i + lane / 16, column lane % 16.
void Registers::wmma(Defined& d, const Inst& inst) {
  const auto fragment = [&](const Operand& operand) {
    std::uint32_t lanes = kOnes;
    if (!operand.is_vgpr()) return lanes;
    for (int reg = 0; reg < operand.n; ++reg) lanes &= both(d.v[at(operand.index + reg)]);
    lanes &= lanes >> 16 | lanes << 16;
    return lanes;
  };
  const std::uint32_t rows = fragment(inst.src[0]), columns = fragment(inst.src[1]);
  const bool in_halves =
      inst.opcode->name.starts_with("v_wmma_f16") || inst.opcode->name.starts_with("v_wmma_bf16");
  std::array<Halves, 8> result{};
  for (int i = 0; i < inst.dst.n && i < 8; ++i) {
    const std::uint32_t of_rows = ((rows >> 2 * i & 1U) != 0 ? 0xffffU : 0) |
                                  ((rows >> (2 * i + 1) & 1U) != 0 ? 0xffff0000U : 0);
    const Halves sum = inst.src[2].is_vgpr() ? d.v[at(inst.src[2].index + i)] : kAllHalves;
    const std::uint32_t of_sum = !in_halves ? both(sum) : inst.src[2].high ? high(sum) : low(sum);
    result[at(i)] = full(of_rows & columns & of_sum);
  }
  const Halves written = !in_halves ? kAllHalves : inst.dst_high ? halves(0, kOnes) : Halves{kOnes};
  for (int i = 0; i < inst.dst.n && i < 8; ++i) {
    Halves& x = d.v[at(inst.dst.index + i)];
    x = (x & ~written) | (result[at(i)] & written);
  }
}

void Registers::permute(Defined& d, const Wave& wave, const Inst& inst, Rule rule) {
  const std::uint32_t exec = wave.exec();
  const Operand& data = rule == Rule::kSwizzle ? inst.src[0] : inst.src[1];
  const Halves from = d.v[data.index];
  Halves result = rule == Rule::kForwardPermute ? kAllHalves : 0;  // lanes that get nothing get 0
  if (rule == Rule::kSwizzle) {
    // By way of its patterns a source may be any lane of the 32: all must be defined.
    result = (both(from) & exec) == exec ? kAllHalves : 0;
  } else {
    const Lanes& address = wave.v[inst.src[0].index];
    const std::uint32_t known = both(d.v[inst.src[0].index]);
    for (int lane = 0; lane < kLanes; ++lane) {
      if ((exec >> lane & 1U) == 0) continue;
      const auto offset = static_cast<std::uint32_t>(inst.offset);
      const auto other = static_cast<int>((address[lane] + offset) >> 2 & 31U);
      const int source = rule == Rule::kForwardPermute ? lane : other;
      const int target = rule == Rule::kForwardPermute ? other : lane;
      const bool is_known = (known >> lane & 1U) != 0;
      // An inactive lane gives 0.
      const bool gives_zero = rule == Rule::kBackwardPermute && (exec >> source & 1U) == 0;
      const bool l = is_known && (gives_zero || (low(from) >> source & 1U) != 0);
      const bool h = is_known && (gives_zero || (high(from) >> source & 1U) != 0);
      const std::uint32_t bit = 1U << target;
      result = (result & ~full(bit)) | halves(l ? bit : 0, h ? bit : 0);
    }
  }
  const Halves written = full(exec);
  Halves& x = d.v[inst.dst.index];
  x = (x & ~written) | (result & written);
}

void Registers::memory(Defined& d, const Wave& wave, const Inst& inst) {
  const std::uint32_t exec = wave.exec();
  if (exec == 0) return;
  const LaneContext plain{exec, false, {}};
  want(defined_source(d, inst, 0, plain), exec, inst.src[0], "an address");
  if (!d.all(inst.src[2])) want(0, exec, inst.src[2], "an address");
  const Type type = inst.opcode->src[1];
  const Operand& data = inst.src[1];
  if (data.is_vgpr() && inst.opcode->encoding != Encoding::kScratch) {
    std::uint32_t defined = kOnes;
    if (type == Type::kB8 || type == Type::kB16) {
      defined = data.high ? high(d.v[data.index]) : low(d.v[data.index]);
    } else {
      for (int reg = 0; reg < data.n; ++reg) defined &= both(d.v[at(data.index + reg)]);
    }
    want(defined, exec, data, "what is stored");
  }
  if (!inst.dst.is_vgpr()) return;
  Halves written = full(exec);
  if (is_half(inst.opcode->dst)) written = inst.dst_high ? halves(0, exec) : halves(exec, 0);
  for (int reg = 0; reg < inst.dst.n; ++reg) d.v[at(inst.dst.index + reg)] |= written;
}

void Registers::lds(Wave& wave, const Step& step, const Access& access) {
  Defined& d = waves_[wave.index];
  if (access.kind == Access::Kind::kRead) {
    lds_read(d, step.inst, access);
  } else {
    if (!step.inst.dst.is_none()) lds_read(d, step.inst, access);
    lds_write(d, step.inst, access);
  }
  ++lds_calls_;
}

void Registers::lds_read(Defined& d, const Inst& inst, const Access& access) {
  const int registers = static_cast<int>(access.bytes + 3) / 4;
  const int first = inst.dst.index + lds_calls_ * registers;
  const bool by_half = is_half(inst.opcode->dst);
  for (int reg = 0; reg < registers; ++reg) {
    const std::uint32_t begin = static_cast<std::uint32_t>(reg) * 4;
    const std::uint32_t bytes = access.bytes - begin < 4 ? access.bytes - begin : 4;
    std::uint32_t lower = 0, upper = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      if ((access.lanes >> lane & 1U) == 0) continue;
      const std::uint8_t* defined = lds_.data() + access.address[lane] + begin;
      bool l = defined[0] != 0 && (bytes < 2 || defined[1] != 0);
      bool h = l;  // extended from below
      if (bytes == 4) h = defined[2] != 0 && defined[3] != 0;
      lower |= static_cast<std::uint32_t>(l) << lane;
      upper |= static_cast<std::uint32_t>(h) << lane;
    }
    Halves written = full(access.lanes);
    if (by_half) written = inst.dst_high ? halves(0, access.lanes) : Halves{access.lanes};
    Halves& x = d.v[at(first + reg)];
    x = (x & ~written) | (halves(lower, upper) & written);
  }
}

void Registers::lds_write(Defined& d, const Inst& inst, const Access& access) {
  const bool is_atomic = access.kind == Access::Kind::kAtomic;
  const Operand& data = lds_calls_ == 0 ? inst.src[1] : inst.src[2];
  for (int lane = 0; lane < kLanes; ++lane) {
    if ((access.lanes >> lane & 1U) == 0) continue;
    std::uint8_t* defined = lds_.data() + access.address[lane];
    for (std::uint32_t i = 0; i < access.bytes; ++i) {
      const Halves x = data.is_vgpr() ? d.v[at(data.index + static_cast<int>(i / 4))] : kAllHalves;
      const bool is_upper = (i & 2U) != 0 || (access.bytes < 4 && data.high);
      const bool is_defined = ((is_upper ? high(x) : low(x)) >> lane & 1U) != 0;
      defined[i] = static_cast<std::uint8_t>(is_defined && (!is_atomic || defined[i] != 0));
    }
  }
}

}  // namespace rocmforge::emu
