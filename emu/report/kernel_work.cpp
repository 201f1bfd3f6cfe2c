#include "report/kernel_work.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "machine/wave.h"

namespace rocmforge::emu {
namespace {

std::uint64_t executed(const Counters& counters, std::size_t step) {
  return step < counters.executed.size() ? counters.executed[step] : 0;
}

std::uint64_t sum(const ByClass& by_class) {
  return std::accumulate(by_class.begin(), by_class.end(), std::uint64_t{0});
}

// A loop, as the steps from the target of a backward branch to that branch.
struct Span {
  std::size_t begin = 0, end = 0;  // both inclusive
  ByClass by_class{};
  std::uint64_t weight = 0;  // instructions executed in it

  bool holds(const Span& other) const {
    return begin <= other.begin && other.end <= end && end - begin > other.end - other.begin;
  }
};

ByClass classes_between(const Program& program, const Counters& counters, std::size_t begin,
                        std::size_t end) {
  ByClass out{};
  for (std::size_t i = begin; i <= end; ++i) {
    const Opcode* opcode = program.steps()[i].inst.opcode;
    if (opcode != nullptr) out[static_cast<std::size_t>(opcode->kind)] += executed(counters, i);
  }
  return out;
}

std::vector<Span> loops_of(const Program& program, const Counters& counters) {
  std::vector<Span> out;
  for (std::size_t i = 0; i < program.steps().size(); ++i) {
    const std::int32_t target = program.steps()[i].target;
    if (target < 0 || static_cast<std::size_t>(target) > i || executed(counters, i) == 0) continue;
    Span span{.begin = static_cast<std::size_t>(target), .end = i};
    span.by_class = classes_between(program, counters, span.begin, span.end);
    span.weight = sum(span.by_class);
    out.push_back(span);
  }
  return out;
}

// A loop inside another is the main one only where most of the other's work is in it: otherwise a
// short loop in the body of the real one would be taken.
constexpr double kMostOfOuter = 0.5;

const Span* heaviest(const std::vector<Span>& loops, const Span* within) {
  const Span* out = nullptr;
  for (const Span& span : loops) {
    if (within != nullptr &&
        (!within->holds(span) ||
         static_cast<double>(span.weight) < kMostOfOuter * static_cast<double>(within->weight))) {
      continue;
    }
    if (out == nullptr || span.weight > out->weight) out = &span;
  }
  return out;
}

std::optional<MainLoop> main_loop(const Program& program, const Counters& counters,
                                  std::uint64_t total) {
  const std::vector<Span> loops = loops_of(program, counters);
  const Span* best = heaviest(loops, nullptr);
  if (best == nullptr) return std::nullopt;
  while (const Span* inner = heaviest(loops, best)) best = inner;

  MainLoop out;
  out.begin = program.steps()[best->begin].inst.address;
  out.end = program.steps()[best->end].inst.address;
  out.by_class = best->by_class;
  out.share = static_cast<double>(best->weight) / static_cast<double>(total);
  for (std::size_t i = best->begin; i <= best->end; ++i) {
    const Inst& inst = program.steps()[i].inst;
    out.rounds = std::max(out.rounds, executed(counters, i));
    if (inst.opcode != nullptr && inst.opcode->kind == Class::kLoad) {
      const auto registers = static_cast<std::uint64_t>(registers_of(inst.opcode->dst));
      out.loaded_bytes += executed(counters, i) * registers * 4 * kLanes;
    }
  }
  return out;
}

}  // namespace

KernelWork work_of(const Program& program, const Counters& counters) {
  KernelWork out;
  if (program.steps().empty()) return out;
  out.by_class = classes_between(program, counters, 0, program.steps().size() - 1);
  out.instructions = sum(out.by_class);
  for (std::size_t i = 0; i < program.steps().size(); ++i) {
    if (program.steps()[i].inst.is_dual()) out.dual += executed(counters, i);
  }
  if (out.instructions > 0) out.loop = main_loop(program, counters, out.instructions);
  return out;
}

Occupancy occupancy_of(const KernelInfo& kernel, std::uint32_t group_threads,
                       std::uint32_t lds_bytes) {
  constexpr std::uint32_t kWaves = 16, kSimds = 4, kRegisters = 1536, kBlock = 24;
  constexpr std::uint32_t kLdsOfWgp = 128U << 10;
  const std::uint32_t group_waves = std::max<std::uint32_t>(1, (group_threads + 31) / 32);
  const std::uint32_t registers =
      std::max<std::uint32_t>(kBlock, (kernel.n_vgprs + kBlock - 1) / kBlock * kBlock);
  const std::uint32_t by_registers = std::min(kWaves, kRegisters / registers);
  Occupancy out{
      .waves = by_registers,
      .limit = by_registers < kWaves ? Occupancy::Limit::kRegisters : Occupancy::Limit::kWaves};
  // Whole groups only, over the four SIMDs.
  std::uint32_t groups = std::max<std::uint32_t>(1, out.waves * kSimds / group_waves);
  if (lds_bytes > 0 && kLdsOfWgp / lds_bytes < groups) {
    groups = std::max<std::uint32_t>(1, kLdsOfWgp / lds_bytes);
    out.limit = Occupancy::Limit::kLds;
  }
  out.waves = std::min(out.waves, (groups * group_waves + kSimds - 1) / kSimds);
  return out;
}

std::uint64_t count_of(const ByClass& by_class, Class kind) {
  return by_class[static_cast<std::size_t>(kind)];
}

std::uint64_t valu_of(const ByClass& by_class) {
  std::uint64_t out = 0;
  for (const Class kind :
       {Class::kValu, Class::kTranscendental, Class::kSlowInteger, Class::kDouble, Class::kDot}) {
    out += count_of(by_class, kind);
  }
  return out;
}

}  // namespace rocmforge::emu
