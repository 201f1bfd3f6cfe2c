// Waits: a register that a load has yet to fill must be neither read nor written before an
// s_waitcnt that makes sure of it. Loads of one queue fill in order, so that a later one may go to
// the same register; not so FLAT, which is in two. Lanes that the load left out are free.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "check/shared_checks.h"
#include "machine/watch.h"

namespace rocmforge::emu {

class Waits : public Watch {
 public:
  explicit Waits(SharedChecks& shared) : notes_(shared) {}

  void begin_dispatch(const Dispatch& dispatch) override { notes_.begin(dispatch); }
  void begin_group(Group& group) override { waves_.assign(group.n_waves, {}); }
  void before(Wave& wave, const Step& step) override;

 private:
  struct Filling {
    std::uint32_t number = 0;  // in its queue
    std::uint32_t lanes = 0;
    const Step* by = nullptr;
  };
  struct State {
    Counts counts;
    std::array<Filling, 256> v_load{}, v_lds{};
    std::array<Filling, 144> s{};
  };

  void look(const State& state, const Wave& wave, const Footprint& notes) const;
  void mark(State& state, const Wave& wave, const Step& step, const Footprint& notes) const;
  void mark_scalar(State& state, const Step& step, const Footprint& notes) const;
  // In one of the queues kLoad, kStore and kLds.
  void mark_vector(State& state, const Wave& wave, const Step& step, const Footprint& notes,
                   WaitQueue queue) const;

  Notes notes_;
  std::vector<State> waves_;
};

}  // namespace rocmforge::emu
