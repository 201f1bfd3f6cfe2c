#include "check/global_race.h"

#include <bit>
#include <cstring>

#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

// Collects an access by lines, so that lanes side by side make one touch.
class Lines {
 public:
  Lines(GlobalShadow& shadow, GlobalShadow::Touch touch) : shadow_(shadow), touch_(touch) {}

  void add(std::uint64_t address, std::uint32_t bytes, int lane, const std::uint8_t* value) {
    while (bytes > 0) {
      const std::uint64_t line = address & ~(GlobalShadow::kLine - 1);
      if (line != line_) flush();
      if (is_empty_) {
        line_ = line;
        touch_.lane = lane;
        is_empty_ = false;
      }
      const auto first = static_cast<std::uint32_t>(address - line);
      const auto room = static_cast<std::uint32_t>(GlobalShadow::kLine) - first;
      const std::uint32_t n = bytes < room ? bytes : room;
      for (std::uint32_t i = first; i < first + n; ++i) {
        touch_.mask[i / 64] |= std::uint64_t{1} << i % 64;
      }
      if (value != nullptr) {
        std::memcpy(value_.data() + first, value, n);
        value += n;
      }
      address += n;
      bytes -= n;
    }
  }
  void flush() {
    if (is_empty_) return;
    if (touch_.writes && !touch_.atomic) touch_.value = value_.data();
    shadow_.touch(line_, touch_);
    touch_.mask = {};
    is_empty_ = true;
  }

 private:
  GlobalShadow& shadow_;
  GlobalShadow::Touch touch_;
  std::uint64_t line_ = 0;
  bool is_empty_ = true;
  std::array<std::uint8_t, GlobalShadow::kLine> value_{};
};

// What lane stores, `bytes` of it.
void stored(const Wave& wave, const Operand& data, std::size_t lane, std::uint32_t bytes,
            std::uint8_t* into) {
  for (std::uint32_t i = 0; i < bytes; i += 4) {
    std::uint32_t word = static_cast<std::uint32_t>(data.constant);
    if (data.is_vgpr()) word = wave.v[std::size_t{data.index} + i / 4].x[lane];
    if (data.high) word >>= 16;
    std::memcpy(into + i, &word, bytes - i < 4 ? bytes - i : 4);
  }
}

}  // namespace

void GlobalRace::begin_dispatch(const Dispatch& dispatch) {
  notes_.begin(dispatch);
  shadow_.begin(++generation_);
}

void GlobalRace::begin_group(Group& group) {
  const Dispatch& dispatch = *group.dispatch;
  group_ = group.id[0] + dispatch.grid[0] * (group.id[1] + dispatch.grid[1] * group.id[2]);
  constexpr std::uint32_t kWgpMode = 1U << 29;  // COMPUTE_PGM_RSRC1
  wgp_mode_ = (dispatch.kernel->rsrc1 & kWgpMode) != 0;
  waves_.assign(group.n_waves, {});
  for (State& state : waves_) {
    state.own.resize(group.n_waves);
    state.own_fresh.resize(group.n_waves);
  }
}

void GlobalRace::barrier(Group&) {
  GroupDone own(waves_.size());
  SharedOthers others;
  bool same = true;
  for (std::size_t w = 0; w < waves_.size(); ++w) {
    const State& state = waves_[w];
    own[w].join({state.counts.loads_done, state.counts.stores_done});
    join(own, state.own);
    if (state.others == nullptr || state.others == others) continue;
    same = same && others == nullptr;
    others = state.others;
  }
  if (!same) {
    auto all = std::make_shared<Others>();
    for (const State& state : waves_) {
      if (state.others != nullptr) join(*all, *state.others);
    }
    others = all;
  }
  for (State& state : waves_) {
    state.own = own;
    if (!wgp_mode_) state.own_fresh = own;
    if (state.others == others) continue;
    state.others = others;
    ++state.version;
  }
}

void GlobalRace::before(Wave& wave, const Step& step) {
  const Footprint& notes = notes_.of(step);
  State& state = waves_[wave.index];
  if (notes.is_wait) {
    state.counts.wait(step.inst);
    if (!state.observed.empty()) waited(state);
  } else if (notes.queue != WaitQueue::kNone) {
    state.counts.issue(notes.queue);
    state.atomics.clear();
  } else if (notes.is_gl0_invalidate || notes.is_gl1_invalidate) {
    invalidate(state, notes.is_gl0_invalidate, notes.is_gl1_invalidate);
  }
}

void GlobalRace::waited(State& state) {
  std::erase_if(state.observed, [&](const Observed& observed) {
    if (observed.number > state.counts.loads_done) return false;
    learn(state, observed.others);
    return true;
  });
}

void GlobalRace::learn(State& state, const Others& others) {
  auto all = state.others == nullptr ? std::make_shared<Others>()
                                     : std::make_shared<Others>(*state.others);
  for (const auto& [group, done] : others) {
    if (group == group_) {
      join(state.own, done);
    } else {
      join((*all)[group], done);
    }
  }
  state.others = all;
  ++state.version;
}

void GlobalRace::invalidate(State& state, bool gl0, bool gl1) {
  if (gl0) {
    state.at_gl0 = state.others;
    state.gl0_version = state.version;
    state.own_fresh = state.own;
  }
  if (gl1) {
    state.at_gl1 = state.others;
    state.gl1_version = state.version;
  }
  // Fresh is what was known at both: the older of the two.
  state.others_fresh = state.gl0_version < state.gl1_version ? state.at_gl0 : state.at_gl1;
}

void GlobalRace::global(Wave& wave, const Step& step, const Access& access) {
  State& state = waves_[wave.index];
  const bool is_store = access.kind != Access::Kind::kRead;
  GlobalShadow::Touch touch;
  touch.by.step = &step;
  touch.by.stamp = {group_, wave.index, is_store ? state.counts.stores : state.counts.loads};
  touch.writes = is_store;
  touch.atomic = access.kind == Access::Kind::kAtomic ||
                 (!is_store && step.inst.glc && step.inst.opcode->kind == Class::kLoad);
  touch.seen = {group_, wave.index, &state.own, state.others.get()};
  touch.fresh = {group_, wave.index, &state.own_fresh, state.others_fresh.get()};
  if (!is_store) {
    load(touch, wave, step, access);
    if (touch.atomic) publish(state, wave, access);
    return;
  }
  Lines lines(shadow_, touch);
  std::array<std::uint8_t, 64> value{};
  const bool is_plain_store = access.kind == Access::Kind::kWrite && access.bytes <= value.size();
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if ((access.lanes >> lane & 1U) == 0) continue;
    if (is_plain_store) stored(wave, step.inst.src[1], lane, access.bytes, value.data());
    lines.add(access.address[lane], access.bytes, static_cast<int>(lane),
              is_plain_store ? value.data() : nullptr);
  }
  lines.flush();
  if (touch.atomic) publish(state, wave, access);
}

void GlobalRace::load(const GlobalShadow::Touch& touch, Wave& wave, const Step& step,
                      const Access& access) {
  const bool may_race = registers_ != nullptr && step.inst.dst.is_vgpr();
  const auto load_lanes = [&](std::uint32_t lanes) {
    Lines lines(shadow_, touch);
    for (; lanes != 0; lanes &= lanes - 1) {
      const int lane = std::countr_zero(lanes);
      lines.add(access.address[lane], access.bytes, lane, nullptr);
    }
    lines.flush();
  };
  try {
    return load_lanes(access.lanes);
  } catch (const Fault&) {
    if (!may_race) throw;
  }
  for (std::uint32_t lanes = access.lanes; lanes != 0; lanes &= lanes - 1) {
    const std::uint32_t lane = lanes & -lanes;
    try {
      load_lanes(lane);
    } catch (const Fault& race) {
      registers_->poison(wave, step, lane, race.what());
    }
  }
}

// Before the memory changes, so that whoever finds the change finds this as well.
void GlobalRace::publish(State& state, const Wave& wave, const Access& access) {
  state.atomics.clear();
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if ((access.lanes >> lane & 1U) == 0) continue;
    const std::uint64_t address = access.address[lane];
    bool known = false;
    for (const std::uint64_t other : state.atomics) known = known || other == address;
    if (!known) state.atomics.push_back(address);
  }
  if (access.kind != Access::Kind::kAtomic) return;  // a load publishes nothing
  Others known = state.others == nullptr ? Others{} : *state.others;
  GroupDone own = state.own;
  own[wave.index].join({state.counts.loads_done, state.counts.stores_done});
  known[group_] = std::move(own);
  for (const std::uint64_t address : state.atomics) shadow_.publish(address, known);
}

// Behind the memory's change, for the same reason.
void GlobalRace::after(Wave& wave, const Step& step) {
  State& state = waves_[wave.index];
  if (state.atomics.empty()) return;
  if (notes_.of(step).queue == WaitQueue::kLoad) {
    Observed observed;
    observed.number = state.counts.loads;
    for (const std::uint64_t address : state.atomics) shadow_.observe(address, observed.others);
    if (!observed.others.empty()) state.observed.push_back(std::move(observed));
  }
  state.atomics.clear();
}

}  // namespace rocmforge::emu
