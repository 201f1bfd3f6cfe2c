#include "check/waits.h"

#include <bit>
#include <string>

#include "check/places.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

[[noreturn]] void fault(const char* file, std::size_t reg, bool read, const Step& by, int lane) {
  throw Fault(FaultKind::kMissingWait,
              std::string(file) + std::to_string(reg) + " is " + (read ? "read" : "written") +
                  " before a wait for what fills it, " + place_of(by),
              lane);
}

}  // namespace

void Waits::before(Wave& wave, const Step& step) {
  const Footprint& notes = notes_.of(step);
  State& state = waves_[wave.index];
  if (notes.is_wait) return state.counts.wait(step.inst);
  if (!state.counts.all_filled()) look(state, wave, notes);
  if (notes.queue != WaitQueue::kNone) mark(state, wave, step, notes);
}

void Waits::look(const State& state, const Wave& wave, const Footprint& notes) const {
  const Counts& c = state.counts;
  const std::uint32_t lanes = notes.crosses_lanes ? 0xffffffffU : wave.exec();
  const auto check_vector = [&](const Span& span, bool read) {
    for (std::size_t r = span.index; r < std::size_t{span.index} + span.n && r < 256; ++r) {
      const Filling &load = state.v_load[r], &lds = state.v_lds[r];
      const bool by_load = load.number > c.loads_done && (load.lanes & lanes) != 0 &&
                           (read || notes.is_flat || notes.queue != WaitQueue::kLoad);
      const bool by_lds = lds.number > c.lds_done && (lds.lanes & lanes) != 0 &&
                          (read || notes.queue != WaitQueue::kLds);
      if (by_load) fault("v", r, read, *load.by, std::countr_zero(load.lanes & lanes));
      if (by_lds) fault("v", r, read, *lds.by, std::countr_zero(lds.lanes & lanes));
    }
  };
  for (const Span& span : notes.v_reads) check_vector(span, true);
  for (const Span& span : notes.v_writes) check_vector(span, false);
  if (c.scalars == c.scalars_done) return;
  const auto check_scalar = [&](const Span& span, bool read) {
    for (std::size_t r = span.index; r < std::size_t{span.index} + span.n && r < state.s.size();
         ++r) {
      const Filling& load = state.s[r];
      if (load.number > c.scalars_done) fault("s", r, read, *load.by, kNoLane);
    }
  };
  for (const Span& span : notes.s_reads) check_scalar(span, true);
  for (const Span& span : notes.s_writes) check_scalar(span, false);
}

void Waits::mark(State& state, const Wave& wave, const Step& step, const Footprint& notes) const {
  if (notes.queue == WaitQueue::kScalar || notes.queue == WaitQueue::kMessage) {
    return mark_scalar(state, step, notes);
  }
  mark_vector(state, wave, step, notes, notes.queue);
  if (notes.is_flat) mark_vector(state, wave, step, notes, WaitQueue::kLds);
}

void Waits::mark_scalar(State& state, const Step& step, const Footprint& notes) const {
  const std::uint32_t number = state.counts.issue(notes.queue);
  for (const Span& span : notes.s_writes) {
    for (std::size_t r = span.index; r < std::size_t{span.index} + span.n; ++r) {
      if (r < state.s.size()) state.s[r] = {number, 0, &step};
    }
  }
}

void Waits::mark_vector(State& state, const Wave& wave, const Step& step, const Footprint& notes,
                        WaitQueue queue) const {
  const std::uint32_t number = state.counts.issue(queue);
  if (queue == WaitQueue::kStore) return;
  auto& registers = queue == WaitQueue::kLoad ? state.v_load : state.v_lds;
  const std::uint32_t done =
      queue == WaitQueue::kLoad ? state.counts.loads_done : state.counts.lds_done;
  for (const Span& span : notes.v_writes) {
    for (std::size_t r = span.index; r < std::size_t{span.index} + span.n && r < 256; ++r) {
      Filling& filling = registers[r];
      // Lanes of an earlier load that is still on its way: done when this one is, at the latest.
      const std::uint32_t earlier = filling.number > done ? filling.lanes : 0;
      if ((wave.exec() | earlier) == 0) continue;
      filling = {number, wave.exec() | earlier, &step};
    }
  }
}

}  // namespace rocmforge::emu
