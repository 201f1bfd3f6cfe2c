// What each step of a program reads and writes, and which of the card's counters it goes by: worked
// out once a program, for all checks.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "check/rules.h"
#include "machine/program.h"

namespace rocmforge::emu {

// Registers [index, index + n).
struct Span {
  std::uint8_t index = 0, n = 0;
};
template <int kMost>
struct Spans {
  std::array<Span, kMost> span{};
  int n = 0;
  void add(const Operand& operand) {
    span[static_cast<std::size_t>(n++)] = {operand.index, operand.n};
  }
  const Span* begin() const { return span.data(); }
  const Span* end() const { return span.data() + n; }
};

// Which counter an instruction counts up until it is done (LLVM, "User Guide for AMDGPU Backend",
// memory model of gfx11).
enum class WaitQueue : std::uint8_t {
  kNone,
  kLoad,   // vmcnt, in order: vector loads, atomics that return
  kStore,  // vscnt: vector stores, other atomics
  // FLAT is of one of these two and, since its address may be one of the LDS, of kLds too: it is
  // done when both say so.
  kLds,      // lgkmcnt, in order among themselves
  kScalar,   // lgkmcnt, in any order
  kMessage,  // the same
};

struct Footprint {
  Spans<6> v_reads, s_reads;  // s: by operand number; null left out
  Spans<2> v_writes, s_writes;
  Rule rule = Rule::kNone, second_rule = Rule::kNone;
  WaitQueue queue = WaitQueue::kNone;
  bool crosses_lanes = false;  // may read lanes that EXEC leaves out, or whose own bit is not set
  bool is_memory = false;      // global, flat or scratch
  bool is_flat = false;        // in the queue kLds besides its own
  bool is_wait = false, is_barrier = false, is_gl0_invalidate = false, is_gl1_invalidate = false;
};

Footprint footprint_of(const Step& step);

// Of all steps, by Step::index.
using Footprints = std::vector<Footprint>;

// How far the counters have come, and what a wait makes sure of.
struct Counts {
  std::uint32_t loads = 0, loads_done = 0;
  std::uint32_t stores = 0, stores_done = 0;
  std::uint32_t lds = 0, lds_done = 0;
  std::uint32_t scalars = 0, scalars_done = 0;  // messages among them

  // The number that the instruction has in its queue: done when the queue's `done` reaches it.
  std::uint32_t issue(WaitQueue queue);
  // s_waitcnt and its kin.
  void wait(const Inst& inst);
  bool all_filled() const {
    return loads == loads_done && lds == lds_done && scalars == scalars_done;
  }
};

}  // namespace rocmforge::emu
