#include "base/counters.h"

#include <array>
#include <string_view>

namespace rocmforge {
namespace {

// The one list of fields: the snapshot, the difference and the text all walk it.
struct Field {
  std::string_view name;
  std::uint64_t CounterValues::* value;
  std::atomic<std::uint64_t> Counters::* counter;
};

constexpr std::array kFields = {
    Field{"file_parses", &CounterValues::file_parses, &Counters::file_parses},
    Field{"graph_builds", &CounterValues::graph_builds, &Counters::graph_builds},
    Field{"weight_binds", &CounterValues::weight_binds, &Counters::weight_binds},
    Field{"device_allocations", &CounterValues::device_allocations, &Counters::device_allocations},
    Field{"steps", &CounterValues::steps, &Counters::steps},
    Field{"head_runs", &CounterValues::head_runs, &Counters::head_runs},
    Field{"rows", &CounterValues::rows, &Counters::rows},
    Field{"dispatches", &CounterValues::dispatches, &Counters::dispatches},
    Field{"logit_readbacks", &CounterValues::logit_readbacks, &Counters::logit_readbacks},
};
static_assert(kFields.size() * sizeof(std::uint64_t) == sizeof(CounterValues));

}  // namespace

CounterValues Counters::read() const {
  CounterValues out;
  for (const Field& f : kFields) out.*f.value = (this->*f.counter).load(std::memory_order_relaxed);
  return out;
}

CounterValues operator-(const CounterValues& later, const CounterValues& earlier) {
  CounterValues out;
  for (const Field& f : kFields) out.*f.value = later.*f.value - earlier.*f.value;
  return out;
}

std::string to_string(const CounterValues& values) {
  std::string out;
  for (const Field& f : kFields) {
    if (!out.empty()) out += ", ";
    out += std::string(f.name) + " " + std::to_string(values.*f.value);
  }
  return out;
}

}  // namespace rocmforge
