// Races in the LDS: two waves of a group touch the same byte between the same two barriers, one of
// them writing, not both by atomics. An access that its wave has not waited for when it comes to
// the barrier may happen after it, and so belongs to what follows as well.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "check/shared_checks.h"
#include "machine/watch.h"

namespace rocmforge::emu {

class LdsRace : public Watch {
 public:
  explicit LdsRace(SharedChecks& shared) : notes_(shared) {}

  void begin_dispatch(const Dispatch& dispatch) override { notes_.begin(dispatch); }
  void begin_group(Group& group) override;
  void before(Wave& wave, const Step& step) override;
  void barrier(Group& group) override;
  void lds(Wave& wave, const Step& step, const Access& access) override;

 private:
  struct Touch {
    const Step* step = nullptr;
    std::uint8_t wave = 0, lane = 0;
  };
  // Four bytes. A byte's wave: 0 none, else its index + 1; kSeveral readers; kAtomic on top.
  struct Cell {
    std::uint32_t interval = 0;
    std::array<std::uint8_t, 4> writer{}, reader{};
    Touch write, read;
  };
  // What a wave has under way.
  struct Pending {
    std::uint32_t number = 0;  // in the queue
    const Step* step = nullptr;
    Access::Kind kind{};
    std::uint32_t lanes = 0, bytes = 0;
    std::array<std::uint32_t, kLanes> address{};
  };
  struct State {
    Counts counts;
    std::vector<Pending> pending;
  };

  void touch(Cell& cell, unsigned bytes, Access::Kind kind, const Touch& by);
  void touch_all(const Pending& access, std::uint8_t wave);
  [[noreturn]] void fault(const Touch& first, bool first_writes, const Touch& second,
                          bool second_writes, std::size_t address) const;

  Notes notes_;
  std::vector<Cell> cells_;
  std::vector<State> waves_;
  std::uint32_t interval_ = 1;
};

}  // namespace rocmforge::emu
