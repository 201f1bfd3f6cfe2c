#include "check/footprint.h"

#include <algorithm>
#include <string_view>

namespace rocmforge::emu {
namespace {

void add_read(Footprint& f, const Operand& operand) {
  if (operand.is_vgpr()) f.v_reads.add(operand);
  if (operand.is_sgpr() && operand.index != kNull) f.s_reads.add(operand);
}

void add_write(Footprint& f, const Operand& operand) {
  if (operand.is_vgpr()) f.v_writes.add(operand);
  if (operand.is_sgpr() && operand.index != kNull) f.s_writes.add(operand);
}

bool is_flat_like(Encoding encoding) {
  return encoding == Encoding::kFlat || encoding == Encoding::kGlobal ||
         encoding == Encoding::kScratch || encoding == Encoding::kMubuf;
}

WaitQueue queue_of(const Inst& inst) {
  switch (inst.opcode->kind) {
    case Class::kSmem:
      return inst.dst.is_none() ? WaitQueue::kNone : WaitQueue::kScalar;
    case Class::kLoad:
      return WaitQueue::kLoad;
    case Class::kStore:
      return WaitQueue::kStore;
    case Class::kAtomic:
      return inst.glc ? WaitQueue::kLoad : WaitQueue::kStore;
    case Class::kLds:
      return WaitQueue::kLds;
    case Class::kPermute:  // ds_bpermute; v_permlane has no counter
      return inst.opcode->encoding == Encoding::kDs ? WaitQueue::kLds : WaitQueue::kNone;
    default:
      return inst.opcode->name.starts_with("s_sendmsg") ? WaitQueue::kMessage : WaitQueue::kNone;
  }
}

bool crosses(const Inst& inst) {
  const std::string_view name = inst.opcode->name;
  return inst.opcode->kind == Class::kWmma || inst.dpp.kind != Dpp::Kind::kNone ||
         name.starts_with("v_permlane") || name.starts_with("v_readlane");
}

// At least `done`, since no wait undoes another.
void advance(std::uint32_t& done, std::uint32_t issued, std::uint32_t outstanding) {
  if (issued > outstanding) done = std::max(done, issued - outstanding);
}

}  // namespace

Footprint footprint_of(const Step& step) {
  Footprint f;
  const Inst& inst = step.inst;
  if (inst.opcode == nullptr) return f;
  const Operation* halves[2] = {&inst, inst.is_dual() ? &inst.second : nullptr};
  for (const Operation* half : halves) {
    if (half == nullptr) continue;
    for (const Operand& operand : half->src) add_read(f, operand);
    add_write(f, half->dst);
    add_write(f, half->dst2);
  }
  const std::string_view name = inst.opcode->name;
  if (name == "v_swap_b32") {  // both are read and written
    add_read(f, inst.dst);
    add_write(f, inst.src[0]);
  }
  f.rule = rule_of(inst);
  f.second_rule = rule_of(inst.second);
  f.queue = queue_of(inst);
  f.crosses_lanes = crosses(inst);
  f.is_memory = is_flat_like(inst.opcode->encoding) && f.queue != WaitQueue::kNone;
  f.is_flat = inst.opcode->encoding == Encoding::kFlat && f.queue != WaitQueue::kNone;
  f.is_wait = inst.opcode->kind == Class::kWait;
  f.is_barrier = name == "s_barrier";
  f.is_gl0_invalidate = name == "buffer_gl0_inv";
  f.is_gl1_invalidate = name == "buffer_gl1_inv";
  return f;
}

std::uint32_t Counts::issue(WaitQueue queue) {
  switch (queue) {
    case WaitQueue::kNone:
      return 0;
    case WaitQueue::kLoad:
      return ++loads;
    case WaitQueue::kStore:
      return ++stores;
    case WaitQueue::kLds:
      return ++lds;
    case WaitQueue::kScalar:
    case WaitQueue::kMessage:
      return ++scalars;
  }
  return 0;
}

void Counts::wait(const Inst& inst) {
  const std::string_view name = inst.opcode->name;
  const auto field = static_cast<std::uint32_t>(inst.immediate) & 0xffffU;
  // The fields of gfx11: expcnt in bits 2:0, lgkmcnt in 9:4, vmcnt in 15:10.
  constexpr std::uint32_t kFull = 0x3f;
  std::uint32_t vm = kFull, lgkm = kFull, vs = kFull;
  if (name == "s_waitcnt") {
    vm = field >> 10 & kFull;
    lgkm = field >> 4 & kFull;
  } else if (name == "s_waitcnt_vmcnt") {
    vm = field & kFull;
  } else if (name == "s_waitcnt_lgkmcnt") {
    lgkm = field & kFull;
  } else if (name == "s_waitcnt_vscnt") {
    vs = field & kFull;
  } else {
    return;
  }
  if (vm < kFull) advance(loads_done, loads, vm);
  if (vs < kFull) advance(stores_done, stores, vs);
  // Of the LDS's own, which finish in order, one that is outstanding keeps all later ones so; the
  // others finish in any order, so that 0 alone says which.
  if (lgkm < kFull) advance(lds_done, lds, lgkm);
  if (lgkm == 0) scalars_done = scalars;
}

}  // namespace rocmforge::emu
