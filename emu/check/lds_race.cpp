#include "check/lds_race.h"

#include <string>

#include "check/places.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint8_t kSeveral = 0x7f, kAtomic = 0x80;

}  // namespace

void LdsRace::begin_group(Group& group) {
  ++interval_;  // what the group before touched is another interval's
  cells_.resize(group.lds.size() / 4 + 1);
  waves_.assign(group.n_waves, {});
}

void LdsRace::before(Wave& wave, const Step& step) {
  const Footprint& notes = notes_.of(step);
  if (notes.is_wait) {
    State& state = waves_[wave.index];
    state.counts.wait(step.inst);
    std::erase_if(state.pending,
                  [&](const Pending& p) { return p.number <= state.counts.lds_done; });
  } else if (notes.queue == WaitQueue::kLds || notes.is_flat) {
    waves_[wave.index].counts.issue(WaitQueue::kLds);
  }
}

void LdsRace::barrier(Group&) {
  ++interval_;
  for (std::size_t wave = 0; wave < waves_.size(); ++wave) {
    for (const Pending& pending : waves_[wave].pending) {
      touch_all(pending, static_cast<std::uint8_t>(wave));
    }
  }
}

void LdsRace::lds(Wave& wave, const Step& step, const Access& access) {
  State& state = waves_[wave.index];
  Pending pending;
  pending.number = state.counts.lds;
  pending.step = &step;
  pending.kind = access.kind;
  pending.lanes = access.lanes;
  pending.bytes = access.bytes;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    pending.address[lane] = static_cast<std::uint32_t>(access.address[lane]);
  }
  touch_all(pending, static_cast<std::uint8_t>(wave.index));
  if (waves_.size() > 1) state.pending.push_back(pending);
}

void LdsRace::touch_all(const Pending& access, std::uint8_t wave) {
  if (waves_.size() < 2) return;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if ((access.lanes >> lane & 1U) == 0) continue;
    const Touch by{access.step, wave, static_cast<std::uint8_t>(lane)};
    std::uint32_t at = access.address[lane];
    const std::uint32_t end = at + access.bytes;
    while (at < end) {
      const std::uint32_t next = std::min(end, (at | 3U) + 1);
      const unsigned bytes = ((1U << (next - at)) - 1U) << (at & 3U);
      touch(cells_[at / 4], bytes, access.kind, by);
      at = next;
    }
  }
}

void LdsRace::touch(Cell& cell, unsigned bytes, Access::Kind kind, const Touch& by) {
  if (cell.interval != interval_) {
    cell = {};
    cell.interval = interval_;
  }
  const auto at = static_cast<std::size_t>(&cell - cells_.data()) * 4;
  const auto self = static_cast<std::uint8_t>(by.wave + 1);
  const bool writes = kind != Access::Kind::kRead, atomic = kind == Access::Kind::kAtomic;
  for (std::size_t i = 0; i < 4; ++i) {
    if ((bytes >> i & 1U) == 0) continue;
    std::uint8_t &writer = cell.writer[i], &reader = cell.reader[i];
    const std::uint8_t by_wave = writer & kSeveral;
    const bool atomics = atomic && (writer & kAtomic) != 0;
    if (by_wave != 0 && by_wave != self && !atomics) fault(cell.write, true, by, writes, at + i);
    if (!writes) {
      if (reader != self) reader = reader == 0 ? self : kSeveral;
      continue;
    }
    if (reader != 0 && reader != self) fault(cell.read, false, by, true, at + i);
    // Atomics of several waves: who follows with a plain access races with one of them.
    writer = atomics && by_wave != self ? kAtomic | kSeveral
                                        : static_cast<std::uint8_t>(self | (atomic ? kAtomic : 0));
  }
  if (writes) {
    cell.write = by;
  } else if (cell.read.step == nullptr || cell.read.wave == by.wave) {
    cell.read = by;  // the first wave to read stays, so that it differs from a later writer's
  }
}

void LdsRace::fault(const Touch& first, bool first_writes, const Touch& second, bool second_writes,
                    std::size_t address) const {
  const auto say = [](const Touch& touch, bool writes) {
    return "wave " + std::to_string(touch.wave) + " lane " + std::to_string(touch.lane) +
           (writes ? " writes" : " reads") + " (" + place_of(*touch.step) + ")";
  };
  throw Fault(FaultKind::kLdsRace,
              "byte " + std::to_string(address) + " of the LDS, with no barrier between: " +
                  say(first, first_writes) + ", " + say(second, second_writes),
              second.lane);
}

}  // namespace rocmforge::emu
