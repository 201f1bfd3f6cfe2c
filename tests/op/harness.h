// Runs a problem on any device, through the interface that the engine uses.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/device.h"
#include "op/problem.h"

namespace rocmforge::optest {

struct Result {
  // The rows that were run, dense; outputs are "output hidden" and "output logits".
  std::map<std::string, std::vector<float>> taps;
  std::vector<float> kv;  // every element in the layout's order
  bool operator==(const Result&) const = default;
};

// How a session's memory is planned: ir::plan_memory, or what a test puts in its place.
using Planner = std::function<ir::MemoryPlan(const ir::Graph&, const ir::StepLayout&,
                                             const ir::Regions&, const ir::ScratchBytes&)>;

// A problem bound to a device, ready to be run again and again.
class Session {
 public:
  Session(const Problem& problem, backend::Device& device,
          const Planner& planner = ir::plan_memory);

  // Memory as the problem has it before the run; the rest of the arena is filled with `rest`.
  void reset(float rest = std::numeric_limits<float>::quiet_NaN());
  void run();  // waits
  Result result();

  // All of the arena and where a tap lies in it, for tests of what is left untouched.
  std::vector<std::byte> arena();
  const ir::MemoryPlan& plan() const { return plan_; }
  const ir::Graph& graph() const { return graph_; }

 private:
  void fill_step();
  std::vector<float> tap(std::size_t value);

  const Problem& p_;
  ir::Graph graph_;  // specialised
  ir::StepLayout layout_;
  ir::Regions regions_;
  ir::MemoryPlan plan_;
  std::unique_ptr<backend::Executor> executor_;
  std::unique_ptr<backend::Stream> stream_;
  std::unique_ptr<backend::Buffer> arena_, kv_;
  backend::ExecutableId executable_{};
  std::vector<std::byte> step_;
};

Result run(const Problem& problem, backend::Device& device);

}  // namespace rocmforge::optest
