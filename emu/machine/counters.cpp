#include "machine/counters.h"

namespace rocmforge::emu {

Traffic& Traffic::operator+=(const Traffic& other) {
  instructions += other.instructions;
  bytes += other.bytes;
  lines += other.lines;
  return *this;
}

Counters& Counters::operator+=(const Counters& other) {
  if (executed.size() < other.executed.size()) executed.resize(other.executed.size());
  for (std::size_t i = 0; i < other.executed.size(); ++i) executed[i] += other.executed[i];
  dispatches += other.dispatches;
  groups += other.groups;
  waves += other.waves;
  barriers += other.barriers;
  loads += other.loads;
  stores += other.stores;
  atomics += other.atomics;
  scalar_loads += other.scalar_loads;
  lds_cycles += other.lds_cycles;
  lds_conflicts += other.lds_conflicts;
  lds_bytes += other.lds_bytes;
  return *this;
}

}  // namespace rocmforge::emu
