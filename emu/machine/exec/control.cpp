// What moves the program counter, waits, or ends a wave.
#include <string>

#include "machine/exec/handlers.h"
#include "machine/exec/scalar_operand.h"
#include "machine/machine.h"

namespace rocmforge::emu {
namespace {

const Program& program_of(const Wave& wave) {
  return *wave.group->dispatch->program;
}

void nothing(Wave&, const Step&) {}

[[noreturn]] void unsupported(Wave&, const Step& step) {
  throw Fault(FaultKind::kUnsupported, std::string(step.inst.opcode->name) + " is not modelled");
}

void jump(Wave& wave, const Step& step) {
  if (step.target < 0) {
    throw Fault(FaultKind::kUnknownInstruction, "a branch to where no instruction starts");
  }
  wave.pc = &program_of(wave).steps()[static_cast<std::size_t>(step.target)];
}

template <auto kTaken>
void branch(Wave& wave, const Step& step) {
  if (kTaken(wave)) jump(wave, step);
}

std::uint64_t memory_address_behind(const Wave& wave, const Step& step) {
  return program_of(wave).base() + step.inst.address + step.inst.size;
}
void jump_to(Wave& wave, std::uint64_t address) {
  const Step* const to = program_of(wave).at_memory_address(address);
  if (to == nullptr) {
    throw Fault(FaultKind::kUnknownInstruction,
                "a jump to " + hex(address) + ", where no instruction of the program starts");
  }
  wave.pc = to;
}

void get_pc(Wave& wave, const Step& step) {
  write64(wave, step.inst.dst, memory_address_behind(wave, step));
}
void set_pc(Wave& wave, const Step& step) {
  jump_to(wave, read64(wave, step.inst.src[0]));
}
void swap_pc(Wave& wave, const Step& step) {
  const std::uint64_t to = read64(wave, step.inst.src[0]);
  get_pc(wave, step);
  jump_to(wave, to);
}
void call(Wave& wave, const Step& step) {
  get_pc(wave, step);
  jump(wave, step);
}

void barrier(Wave& wave, const Step&) {
  wave.state = Wave::State::kAtBarrier;
}
void end(Wave& wave, const Step&) {
  wave.state = Wave::State::kEnded;
}

void message(Wave&, const Step& step) {
  constexpr int kDeallocateVgprs = 3;
  const int number = step.inst.immediate & 0xff;
  if (number != kDeallocateVgprs) {
    throw Fault(FaultKind::kUnsupported, "message " + std::to_string(number));
  }
}
void trap(Wave&, const Step& step) {
  throw Fault(FaultKind::kUnsupported,
              "trap " + std::to_string(step.inst.immediate & 0xff) + ": the kernel gave up");
}
void past_the_end(Wave&, const Step&) {
  throw Fault(FaultKind::kUnknownInstruction, "the kernel runs past its end, into padding");
}

constexpr HandlerRow kRows[] = {
    {"s_branch", &branch<[](const Wave&) { return true; }>},
    {"s_cbranch_scc0", &branch<[](const Wave& wave) { return !wave.scc; }>},
    {"s_cbranch_scc1", &branch<[](const Wave& wave) { return wave.scc; }>},
    {"s_cbranch_vccz", &branch<[](const Wave& wave) { return wave.vcc() == 0; }>},
    {"s_cbranch_vccnz", &branch<[](const Wave& wave) { return wave.vcc() != 0; }>},
    {"s_cbranch_execz", &branch<[](const Wave& wave) { return wave.exec() == 0; }>},
    {"s_cbranch_execnz", &branch<[](const Wave& wave) { return wave.exec() != 0; }>},
    {"s_getpc_b64", &get_pc},
    {"s_setpc_b64", &set_pc},
    {"s_swappc_b64", &swap_pc},
    {"s_call_b64", &call},
    {"s_barrier", &barrier},
    {"s_endpgm", &end},
    {"s_endpgm_saved", &unsupported},
    {"s_code_end", &past_the_end},
    {"s_trap", &trap},
    {"s_sendmsg", &message},
    {"s_sendmsghalt", &unsupported},
    {"s_sethalt", &unsupported},
    {"s_setkill", &unsupported},
    // Memory is done when its instruction is: what a wait is for, and hints of time.
    {"s_waitcnt", &nothing},
    {"s_waitcnt_depctr", &nothing},
    {"s_waitcnt_vscnt", &nothing},
    {"s_waitcnt_vmcnt", &nothing},
    {"s_waitcnt_expcnt", &nothing},
    {"s_waitcnt_lgkmcnt", &nothing},
    {"s_wait_idle", &nothing},
    {"s_delay_alu", &nothing},
    {"s_clause", &nothing},
    {"s_nop", &nothing},
    {"s_version", &nothing},
    {"s_sleep", &nothing},
    {"s_setprio", &nothing},
    {"s_wakeup", &nothing},
    {"s_set_inst_prefetch_distance", &nothing},
    {"s_icache_inv", &nothing},
    {"s_incperflevel", &nothing},
    {"s_decperflevel", &nothing},
    {"s_ttracedata", &nothing},
    {"s_ttracedata_imm", &nothing},
};

}  // namespace

std::span<const HandlerRow> control_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
