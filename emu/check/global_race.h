// Races on global memory: two waves touch the same byte, one of them writing, not both by atomics,
// and nothing orders them. What orders accesses, after LLVM, "User Guide for AMDGPU Backend",
// memory model of gfx11:
//   - in a group: the barrier, for what was waited for before it (vmcnt, vscnt); a load after it
//     needs buffer_gl0_inv as well, where the group may lie on both halves of a WGP (WGP mode);
//   - between groups: an atomic that comes after those waits (release) and an atomic on the same
//     address that returns a value, waited for and followed by buffer_gl1_inv and buffer_gl0_inv
//     before the load (acquire). What one wave learnt, the barrier passes on to its group, but each
//     wave invalidates for itself.
// A load that races gives an undefined value, which faults where it decides something: lanes whose
// result is dropped may read what others write. For the same reason a write after a load is held
// for a race only between groups; within one it shows when the waves come in another order.
//
// Loads with glc count as atomic ones. Unordered writes of the same value are let be, and who wrote
// it too may read it. Scalar loads count as loads.
//
// Not known here: flags passed by plain stores (they fault), s_sendmsg and global wave sync.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "check/global_shadow.h"
#include "check/registers.h"
#include "check/shared_checks.h"
#include "machine/watch.h"

namespace rocmforge::emu {

class GlobalRace : public Watch {
 public:
  // `registers` comes before this one in the chain; null: loads that race fault at once.
  GlobalRace(SharedChecks& shared, Registers* registers)
      : notes_(shared), shadow_(shared.global()), registers_(registers) {}

  void begin_dispatch(const Dispatch& dispatch) override;
  void begin_group(Group& group) override;
  void barrier(Group& group) override;
  void before(Wave& wave, const Step& step) override;
  void after(Wave& wave, const Step& step) override;
  void global(Wave& wave, const Step& step, const Access& access) override;

 private:
  using SharedOthers = std::shared_ptr<const Others>;
  // What an atomic brought, until it is waited for.
  struct Observed {
    std::uint32_t number = 0;  // among the loads
    Others others;
  };
  struct State {
    Counts counts;
    GroupDone own, own_fresh;
    SharedOthers others, others_fresh;
    std::uint32_t version = 0;  // of `others`
    SharedOthers at_gl0, at_gl1;
    std::uint32_t gl0_version = 0, gl1_version = 0;
    std::vector<Observed> observed;
    std::vector<std::uint64_t> atomics;  // addresses of the one under way
  };

  void learn(State& state, const Others& others);
  void waited(State& state);
  void invalidate(State& state, bool gl0, bool gl1);
  void load(const GlobalShadow::Touch& touch, Wave& wave, const Step& step, const Access& access);
  void publish(State& state, const Wave& wave, const Access& access);

  Notes notes_;
  GlobalShadow& shadow_;
  Registers* registers_;
  std::uint64_t generation_ = 0;
  std::uint32_t group_ = 0;  // its number in the grid
  bool wgp_mode_ = true;
  std::vector<State> waves_;
};

}  // namespace rocmforge::emu
