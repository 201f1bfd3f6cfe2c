// What the program did, counted: the promises of docs/architecture.md are asserted on these.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace rocmforge {

// A snapshot. Every field counts events since the Counters was made.
struct CounterValues {
  std::uint64_t file_parses = 0;         // passes over a model file's header
  std::uint64_t graph_builds = 0;        // graphs built, specialised, planned or compiled
  std::uint64_t weight_binds = 0;        // weights handed to an executor
  std::uint64_t device_allocations = 0;  // buffers allocated on a device, scratch included
  std::uint64_t steps = 0;               // runs of the body graph
  std::uint64_t head_runs = 0;           // runs of the head graph
  std::uint64_t rows = 0;                // rows through the body graph
  std::uint64_t dispatches = 0;          // operations launched
  std::uint64_t logit_readbacks = 0;     // rows of full logits read by the host

  bool operator==(const CounterValues&) const = default;
};

// later - earlier, field by field.
CounterValues operator-(const CounterValues& later, const CounterValues& earlier);

// "file_parses 1, graph_builds 42, ..." for logs and tests.
std::string to_string(const CounterValues& values);

// Written from any thread; one for each engine, passed down by reference.
class Counters {
 public:
  std::atomic<std::uint64_t> file_parses{0}, graph_builds{0}, weight_binds{0},
      device_allocations{0}, steps{0}, head_runs{0}, rows{0}, dispatches{0}, logit_readbacks{0};

  CounterValues read() const;
};

}  // namespace rocmforge
