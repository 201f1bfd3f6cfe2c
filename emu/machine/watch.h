// Who looks over a wave's shoulder: the checks that a card does not make, traces, breakpoints.
// A watch throws Fault to stop the dispatch. One object a worker thread, for all dispatches of the
// machine; what workers share is the watch's own matter. end_dispatch() follows only a dispatch
// without fault, and end_group() a group without.
#pragma once

#include <cstdint>
#include <memory>

#include "machine/wave.h"

namespace rocmforge::emu {

// One instruction's access to memory, by active lane.
struct Access {
  std::uint32_t lanes = 0;       // who takes part
  std::uint32_t bytes = 0;       // a lane, consecutive
  const std::uint64_t* address;  // [32]: global addresses, or offsets into the LDS
  enum class Kind : std::uint8_t { kRead, kWrite, kAtomic } kind = Kind::kRead;
};

class Watch {
 public:
  virtual ~Watch() = default;
  virtual void begin_dispatch(const Dispatch&) {}
  virtual void end_dispatch(const Dispatch&) {}
  virtual void begin_group(Group&) {}
  virtual void end_group(Group&) {}
  virtual void begin_wave(Wave&) {}  // registers are set up
  virtual void barrier(Group&) {}    // every wave of the group has come
  // Around each instruction; `before` sees the state that it will read.
  virtual void before(Wave&, const Step&) {}
  virtual void after(Wave&, const Step&) {}
  // From within it, before the memory is touched and after bounds were checked. An instruction with
  // two addresses calls twice.
  virtual void global(Wave&, const Step&, const Access&) {}
  virtual void lds(Wave&, const Step&, const Access&) {}
};

}  // namespace rocmforge::emu
