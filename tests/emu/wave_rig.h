// One wave in a group of its own, registers and memory in the test's hands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "emu/memory_words.h"
#include "isa/decode.h"
#include "machine/exec/handlers.h"
#include "machine/memory.h"
#include "machine/watch.h"
#include "machine/wave.h"

namespace rocmforge::emu {

inline Step assembled(std::string_view text) {
  for (const AssembledWords& each : kMemoryWords) {
    if (each.text != text) continue;
    Step step;
    step.inst = decode(each.words, 0);
    step.run = find_handler(step.inst);
    if (step.run == nullptr) throw std::logic_error("no handler: " + std::string(text));
    return step;
  }
  throw std::logic_error("no words: " + std::string(text));
}

// What the handlers tell a watch.
struct Told : Watch {
  struct Call {
    std::uint32_t lanes, bytes;
    Access::Kind kind;
    std::vector<std::uint64_t> address;
  };
  std::vector<Call> global_calls, lds_calls;
  void global(Wave&, const Step&, const Access& a) override {
    global_calls.push_back({a.lanes, a.bytes, a.kind, {a.address, a.address + kLanes}});
  }
  void lds(Wave&, const Step&, const Access& a) override {
    lds_calls.push_back({a.lanes, a.bytes, a.kind, {a.address, a.address + kLanes}});
  }
};

class WaveRig {
 public:
  static constexpr std::uint64_t kArea = 32768;  // bytes of each kind of memory

  explicit WaveRig(Memory& memory) : memory_(memory), area_(memory.allocate(kArea)) {
    group.n_waves = 1;
    group.waves.resize(1);
    group.lds.resize(kArea);
    group.memory = &memory;
    group.counters = &counters;
    wave().group = &group;
    wave().scratch.resize(std::size_t{kLanes} * kScratch);
    set_exec(0xffffffffU);
  }
  ~WaveRig() { memory_.release(area_); }
  WaveRig(const WaveRig&) = delete;
  WaveRig& operator=(const WaveRig&) = delete;

  static constexpr std::uint64_t kScratch = 3200;  // bytes a lane

  Wave& wave() { return group.waves[0]; }
  std::uint64_t area() const { return area_; }
  std::byte* at(std::uint64_t offset) { return reinterpret_cast<std::byte*>(area_ + offset); }
  void run(std::string_view text) { run(assembled(text)); }
  void run(const Step& step) {
    wave().at = &step;
    step.run(wave(), step);
  }
  void set_exec(std::uint32_t mask) { wave().set_exec(mask); }
  void set_pair(int vgpr, int lane, std::uint64_t value) {
    wave().v[static_cast<std::size_t>(vgpr)].x[lane] = static_cast<std::uint32_t>(value);
    wave().v[static_cast<std::size_t>(vgpr) + 1].x[lane] = static_cast<std::uint32_t>(value >> 32);
  }
  void set_base(int sgpr, std::uint64_t value) {
    wave().set_sgpr(sgpr, static_cast<std::uint32_t>(value));
    wave().set_sgpr(sgpr + 1, static_cast<std::uint32_t>(value >> 32));
  }
  template <class F>  // v[2:3] = area + f(lane)
  void address(F f) {
    for (int lane = 0; lane < kLanes; ++lane) {
      set_pair(2, lane, area_ + static_cast<std::uint64_t>(f(lane)));
    }
  }
  template <class F>  // v2 = f(lane), for LDS and scratch
  void offset(F f) {
    for (int lane = 0; lane < kLanes; ++lane) {
      wave().v[2].x[lane] = static_cast<std::uint32_t>(f(lane));
    }
  }
  void randomize(std::mt19937_64& random) {
    const auto fill = [&](void* to, std::size_t bytes) {
      for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
        const std::uint64_t x = random();
        std::memcpy(static_cast<std::byte*>(to) + i, &x, 8);
      }
    };
    fill(&wave().v, sizeof(wave().v));
    fill(at(0), kArea);
    fill(group.lds.data(), kArea);
    fill(wave().scratch.data(), wave().scratch.size());
  }

  Counters counters;
  Group group;

 private:
  Memory& memory_;
  std::uint64_t area_;
};

}  // namespace rocmforge::emu
