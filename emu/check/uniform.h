// What lanes must agree on.
//
// WMMA: A and B of lanes 16-31 repeat lanes 0-15 bit for bit, and EXEC is all ones.
//
// v_readfirstlane of lanes that differ is legal by itself: that is how one lane's value is passed
// to all (what one lane alone computed, an atomic's result), and how a loop goes over the values
// that there are. It is held for a fault where all active lanes had computed their value together,
// they differ, and the scalar, or what scalar arithmetic makes of it, then is an address or a
// branch's condition while lanes are active that do not have that value.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "check/shared_checks.h"
#include "machine/watch.h"

namespace rocmforge::emu {

class Uniform : public Watch {
 public:
  explicit Uniform(SharedChecks& shared) : notes_(shared) {}

  void begin_dispatch(const Dispatch& dispatch) override { notes_.begin(dispatch); }
  void begin_group(Group& group) override { waves_.assign(group.n_waves, {}); }
  void before(Wave& wave, const Step& step) override;

 private:
  struct Choice {               // of one lane's value
    std::uint32_t differs = 0;  // lanes that had another
    const Step* by = nullptr;
  };
  struct State {
    std::array<std::uint32_t, 256> written_by;  // the lanes of a register's last write
    std::array<Choice, 144> s{};
    Choice scc;
    State() { written_by.fill(0xffffffffU); }
  };

  void wmma(const Wave& wave, const Inst& inst) const;
  void read_first_lane(State& state, const Wave& wave, const Step& step) const;
  void use(const Choice& choice, const Wave& wave, const char* as) const;
  void pass_on(State& state, const Wave& wave, const Step& step, const Footprint& notes) const;

  Notes notes_;
  std::vector<State> waves_;
};

}  // namespace rocmforge::emu
