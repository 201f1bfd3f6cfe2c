// Between lanes, and between lanes and scalars. Readlane and writelane go past EXEC.
#include <bit>
#include <string>

#include "machine/exec/handlers.h"
#include "machine/exec/vector_operand.h"

namespace rocmforge::emu {
namespace {

std::uint32_t scalar32(const Wave& wave, const Operand& operand) {
  return static_cast<std::uint32_t>(scalar_value(wave, operand, false));
}

void run_readlane(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const std::uint32_t lane = scalar32(wave, inst.src[1]) % kLanes;
  const std::uint32_t value =
      inst.src[0].is_vgpr() ? wave.v[inst.src[0].index].x[lane] : scalar32(wave, inst.src[0]);
  wave.set_sgpr(inst.dst.index, value);
}

// Lane 0 where none is active.
void run_readfirstlane(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const int lane = wave.exec() == 0 ? 0 : std::countr_zero(wave.exec());
  const std::uint32_t value =
      inst.src[0].is_vgpr() ? wave.v[inst.src[0].index].x[lane] : scalar32(wave, inst.src[0]);
  wave.set_sgpr(inst.dst.index, value);
}

void run_writelane(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const std::uint32_t lane = scalar32(wave, inst.src[1]) % kLanes;
  wave.v[inst.dst.index].x[lane] = scalar32(wave, inst.src[0]);
}

// Each lane of a row of 16 reads by four bits of src[1] and src[2], from its own row or the other.
template <bool kOtherRow>
void run_permlane16(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const std::uint64_t selectors =
      std::uint64_t{scalar32(wave, inst.src[2])} << 32 | scalar32(wave, inst.src[1]);
  const Source<std::uint32_t> source(wave, inst.src[0]);
  const Lanes old = wave.v[inst.dst.index];
  Lanes result;
  for (int lane = 0; lane < kLanes; ++lane) {
    const int row = (lane & 16) ^ (kOtherRow ? 16 : 0);
    const int from = row | static_cast<int>(selectors >> (4 * (lane & 15)) & 15U);
    const bool reads = inst.dpp.fetch_inactive || wave.is_active(from);
    const std::uint32_t otherwise = inst.dpp.bound_control ? 0 : old.x[lane];
    result.x[lane] = reads ? source[from] : otherwise;
  }
  write_lanes(wave, inst.dst.index, result);
}

// src[1] and how many bits of src[0] stand for lanes below this one.
void run_mbcnt_low(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const Source<std::uint32_t> bits(wave, inst.src[0]), more(wave, inst.src[1]);
  Lanes result;
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t below = bits[lane] & ((1U << lane) - 1U);
    result.x[lane] = static_cast<std::uint32_t>(std::popcount(below)) + more[lane];
  }
  write_lanes(wave, inst.dst.index, result);
}

// Of lanes from 32 on, which this wave has not.
void run_mbcnt_high(Wave& wave, const Step& step) {
  const Source<std::uint32_t> more(wave, step.inst.src[1]);
  Lanes result;
  for (int lane = 0; lane < kLanes; ++lane) result.x[lane] = more[lane];
  write_lanes(wave, step.inst.dst.index, result);
}

constexpr HandlerRow kRows[] = {
    {"v_readlane_b32", &run_readlane},
    {"v_readfirstlane_b32", &run_readfirstlane},
    {"v_writelane_b32", &run_writelane},
    {"v_permlane16_b32", &run_permlane16<false>},
    {"v_permlanex16_b32", &run_permlane16<true>},
    {"v_mbcnt_lo_u32_b32", &run_mbcnt_low},
    {"v_mbcnt_hi_u32_b32", &run_mbcnt_high},
};

}  // namespace

std::span<const HandlerRow> lane_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
