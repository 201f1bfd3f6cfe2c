// Uninitialised registers and LDS, as memcheck does it: what was never written may be copied and
// computed with, since compilers do, but must not decide anything: an address, a branch, EXEC, what
// is stored to global memory. LDS remembers byte by byte whether what was stored there was defined.
// Memory and scratch count as defined.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "check/defined.h"
#include "check/shared_checks.h"
#include "machine/watch.h"

namespace rocmforge::emu {

class Registers : public Watch {
 public:
  explicit Registers(SharedChecks& shared) : notes_(shared) {}

  void begin_dispatch(const Dispatch& dispatch) override;
  void begin_group(Group& group) override;
  void begin_wave(Wave& wave) override;
  void before(Wave& wave, const Step& step) override;
  void lds(Wave& wave, const Step& step, const Access& access) override;

  // What `lanes` just loaded may be one thing or another, by `race`: undefined, so that it faults
  // if it decides something, as that race.
  void poison(const Wave& wave, const Step& step, std::uint32_t lanes, const std::string& race);

 private:
  void check(Wave& wave, const Step& step, const Footprint& notes);
  void vector(Wave& wave, const Step& step, const Footprint& notes);
  void write_result(Defined& d, const Inst& inst, const Operation& operation, Halves result,
                    const LaneContext& lanes);
  void write_mask(Defined& d, const Wave& wave, const Operand& dst, std::uint32_t lanes);
  void wide(Defined& d, const Operation& operation, Rule rule, const LaneContext& lanes);
  void across_lanes(Defined& d, const Wave& wave, const Inst& inst, Rule rule);
  void swap(Defined& d, const Wave& wave, const Inst& inst);
  void wmma(Defined& d, const Inst& inst);
  void permute(Defined& d, const Wave& wave, const Inst& inst, Rule rule);
  void memory(Defined& d, const Wave& wave, const Inst& inst);
  void scalar(Defined& d, Wave& wave, const Inst& inst, Rule rule);
  void scalar_bitwise(Defined& d, const Wave& wave, const Inst& inst, Rule rule);
  void write_scalar(Defined& d, const Operand& dst, int reg, std::uint32_t bits);
  void lds_read(Defined& d, const Inst& inst, const Access& access);
  void lds_write(Defined& d, const Inst& inst, const Access& access);

  Notes notes_;
  std::vector<Defined> waves_;
  std::vector<std::uint8_t> lds_;  // bytes: 1 where defined
  std::string race_;               // the group's first whose value lives on
  int lds_calls_ = 0;              // of this instruction, so far
};

}  // namespace rocmforge::emu
