#include "backend/cpu/executor.h"

#include <string>
#include <variant>

#include "backend/cpu/ops/ops.h"
#include "backend/device.h"
#include "base/check.h"

namespace rocmforge::cpu {

CpuExecutor::CpuExecutor(Isa isa, ThreadPool& pool, Counters& counters)
    : kernels_(kernels(isa)), elementwise_(elementwise(isa)), pool_(pool), counters_(counters) {}

std::int64_t CpuExecutor::scratch_bytes(const ir::Graph& graph, const ir::Node& node,
                                        const ir::StepLimits& limits) const {
  const ScratchSite site{graph, node, limits, pool_.n_threads()};
  return std::visit([&](const auto& op) { return cpu::scratch_bytes(op, site); }, node.op);
}

std::int64_t CpuExecutor::weight_bytes(const ir::WeightTable&) const {
  return 0;  // used in place
}

void CpuExecutor::bind_weights(const ir::WeightTable& table, const backend::WeightSource& source) {
  weights_.bind(table, source, pool_);
  counters_.weight_binds += source.data.size();
}

void CpuExecutor::bind_memory(const backend::Memory& memory) {
  check(memory_.arena == nullptr, "[cpu] memory is bound once");
  check(memory.arena != nullptr && memory.arena->host() != nullptr, "[cpu] the arena is no memory");
  check(memory.kv == nullptr ||
            (memory.kv->host() != nullptr && memory.kv->size() >= memory.kv_layout.bytes()),
        "[cpu] the KV buffer is smaller than its layout");
  memory_ = memory;
}

backend::ExecutableId CpuExecutor::compile(const ir::Graph& graph, const ir::MemoryPlan& plan,
                                           const ir::StepLayout& step) {
  const ir::StepRows rows(graph);
  Executable e{.step = step,
               .calls = {},
               .n_rows = rows.n_rows(),
               .arena_bytes = plan.arena_bytes,
               .is_head = rows.is_head()};
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Site site{.graph = graph,
                    .node = graph.nodes[i],
                    .plan = plan,
                    .weights = weights_,
                    .step = step,
                    .kernels = kernels_,
                    .rows = rows,
                    .n_rows = e.n_rows,
                    .scratch = plan.scratch.at(i),
                    .n_workers = pool_.n_threads()};
    CallPtr call = std::visit([&](const auto& op) { return prepare(op, site); }, site.node.op);
    if (call != nullptr) e.calls.push_back(std::move(call));
  }
  check(std::ssize(e.calls) == ir::n_dispatches(graph),
        "[cpu] " + graph.name + ": other calls than the graph's dispatches");
  executables_.push_back(std::move(e));
  ++counters_.graph_builds;
  return static_cast<backend::ExecutableId>(executables_.size() - 1);
}

void CpuExecutor::run(backend::ExecutableId executable, std::span<const std::byte> step,
                      backend::Stream&) {
  const auto id = static_cast<std::size_t>(executable);
  check(id < executables_.size(), "[cpu] no such executable");
  const Executable& e = executables_[id];
  check(memory_.arena != nullptr && memory_.arena->size() >= e.arena_bytes,
        "[cpu] the arena is smaller than the plan's");
  check(static_cast<std::int64_t>(step.size()) >= e.step.bytes,
        "[cpu] the step buffer is smaller than its layout");
  Run run{.arena = memory_.arena->host(),
          .step = step.data(),
          .kv = memory_.kv != nullptr ? memory_.kv->host() : nullptr,
          .kv_layout = &memory_.kv_layout,
          .layout = &e.step,
          .n = 0,
          .pool = &pool_,
          .kernels = &kernels_,
          .elementwise = &elementwise_};
  run.n = e.is_head ? run.header().n_head_rows : run.header().n_rows;
  check(run.n >= 0 && run.n <= e.n_rows, "[cpu] the step has more rows than the graph's bucket");
  for (const CallPtr& call : e.calls) call->run(run);
  counters_.dispatches += e.calls.size();
  if (e.is_head) {
    ++counters_.head_runs;
  } else {
    ++counters_.steps;
    counters_.rows += static_cast<std::uint64_t>(run.n);
  }
}

}  // namespace rocmforge::cpu
