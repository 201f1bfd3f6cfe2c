// What the environment says. Read when the library is first used, and again after hipDeviceReset();
// a variable ROCMFORGE_EMU_... that is none of these, or a value that is none, fails hipInit() with
// words that name it.
//
//   ROCMFORGE_EMU_CARD=7900xt,units=84,memory=20G   the card (machine/card.h)
//   ROCMFORGE_EMU_PROPERTIES=old|new|none   which of the two property calls tells the target
//   ROCMFORGE_EMU_SEED=N      of the order of commands, groups and waves; 0: as they come
//   ROCMFORGE_EMU_CHECK=fast|full      full: the checks of check/ watch every kernel
//   ROCMFORGE_EMU_TRACE=KERNEL[:GROUP[:WAVE]]   what those waves execute, and
//   ROCMFORGE_EMU_BREAK=KERNEL+0x1c0[:GROUP[:WAVE]][/lds]   their registers there (check/trace.h),
//   ROCMFORGE_EMU_TRACE_FILE=FILE   go to this file; standard error when it is not set
//   ROCMFORGE_EMU_THREADS=N   0: one a core
//   ROCMFORGE_EMU_LIMIT=N     wave-instructions of a dispatch, after which it counts as hung
//   ROCMFORGE_EMU_FAIL=CALL:N=CODE,...   the N-th call of a function fails; `*` is any
//   ROCMFORGE_EMU_LOG=FILE    faults are appended to it; "-": to stderr
//   ROCMFORGE_EMU_COUNTERS=FILE   what the kernels did goes there as JSON (report/report.h), at the
//                             end of the process; distinct lines are followed, which is slow
//   ROCMFORGE_EMU_OBJECTS=DIR   a code object (.co) in DIR takes the place of a loaded one that
//                             defines the same kernels
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "check/trace.h"
#include "machine/card.h"

namespace rocmforge::emu {

struct Failure {
  std::string call;     // "*": any
  std::uint64_t n = 0;  // the n-th of them, from 1; 0: every
  int code = 0;
};

struct Options {
  Card card;
  bool old_properties = true, new_properties = true;
  std::uint64_t seed = 0;
  bool full_check = false;
  int n_threads = 0;
  std::uint64_t limit = std::uint64_t{1} << 40;
  std::vector<Failure> failures;
  std::string log, counters, objects, trace_file;
  std::optional<WaveFilter> trace;
  std::optional<Breakpoint> breakpoint;
};

// Throws Error{kUsage}.
Options read_options();

}  // namespace rocmforge::emu
