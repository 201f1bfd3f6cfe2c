// Runs specialised graphs on the CPU: a graph becomes a flat list of prepared calls, run in order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/cpu/ops/call.h"
#include "backend/cpu/weights.h"
#include "backend/executor.h"
#include "base/counters.h"
#include "base/thread_pool.h"

namespace rocmforge::cpu {

class CpuExecutor final : public backend::Executor {
 public:
  // The pool and the counters outlive it.
  CpuExecutor(Isa isa, ThreadPool& pool, Counters& counters);

  std::int64_t scratch_bytes(const ir::Graph& graph, const ir::Node& node,
                             const ir::StepLimits& limits) const override;
  std::int64_t weight_bytes(const ir::WeightTable& table) const override;
  void bind_weights(const ir::WeightTable& table, const backend::WeightSource& source) override;
  void bind_memory(const backend::Memory& memory) override;
  backend::ExecutableId compile(const ir::Graph& graph, const ir::MemoryPlan& plan,
                                const ir::StepLayout& step) override;
  // Done when it returns.
  void run(backend::ExecutableId executable, std::span<const std::byte> step,
           backend::Stream& stream) override;

 private:
  struct Executable {
    ir::StepLayout step;
    std::vector<CallPtr> calls;
    std::int64_t n_rows = 0;  // of the bucket
    std::int64_t arena_bytes = 0;
    bool is_head = false;
  };

  const Kernels& kernels_;
  const Elementwise& elementwise_;
  ThreadPool& pool_;
  Counters& counters_;
  BoundWeights weights_;
  backend::Memory memory_;
  std::vector<Executable> executables_;
};

}  // namespace rocmforge::cpu
