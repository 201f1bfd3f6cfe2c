// Runs specialised graphs on a GPU: a graph becomes a flat list of launches, given to the stream
// one by one or replayed as one recorded graph.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/executor.h"
#include "backend/gpu/context.h"
#include "backend/gpu/kernels.h"
#include "backend/gpu/ops/call.h"
#include "backend/gpu/ops/launch.h"
#include "backend/gpu/step_buffer.h"
#include "backend/gpu/weights.h"

namespace rocmforge::gpu {

// Whether small buckets are replayed: as measured at load, or as the user says.
// Where a replay gives another result than the launches that were recorded, nothing is replayed.
enum class ReplayChoice : std::uint8_t { kMeasure, kNever, kAlways };
// ROCMFORGE_GPU_GRAPH: 0 never, 1 always, not set: measured. Error{kUsage} for anything else.
ReplayChoice replay_choice();

class GpuExecutor final : public backend::Executor {
 public:
  GpuExecutor(ContextPtr context, std::shared_ptr<Kernels> kernels, ReplayChoice replay);

  std::int64_t scratch_bytes(const ir::Graph& graph, const ir::Node& node,
                             const ir::StepLimits& limits) const override;
  std::int64_t weight_bytes(const ir::WeightTable& table) const override;
  void bind_weights(const ir::WeightTable& table, const backend::WeightSource& source) override;
  // With graphs compiled before it decides how they run, records those that are replayed, and tries
  // each of these, in the KV cache's first block.
  void bind_memory(const backend::Memory& memory) override;
  // All graphs have one step layout. After bind_memory, it records what is replayed at once, and
  // tries nothing: there may be something in the KV cache.
  backend::ExecutableId compile(const ir::Graph& graph, const ir::MemoryPlan& plan,
                                const ir::StepLayout& step) override;
  void run(backend::ExecutableId executable, std::span<const std::byte> step,
           backend::Stream& stream) override;

 private:
  // Larger steps take so long that their launches cost nothing.
  static constexpr std::int64_t kMaxReplayRows = 64;

  // What a run leaves, in the arena.
  struct Result {
    std::int64_t offset = 0, bytes = 0;
  };
  struct Executable {
    std::vector<Call> calls;
    GraphExec replay;  // empty: the calls are launched
    std::vector<Result> results;
    std::int64_t n_rows = 0;  // of the bucket
    std::int64_t arena_bytes = 0;
    bool is_head = false;
  };

  void bind(Executable& e) const;
  // The calls, one by one, for n rows.
  void launch(const Executable& e, std::int64_t n, StreamHandle stream) const;
  void record(Executable& e) const;
  bool may_replay(const Executable& e) const;

  // Replayed graphs, or launches (replay.cpp). A probe is a step of one row.
  void choose_replay();
  bool try_to_record(Executable& e, bool measured) const;
  bool replay_pays(std::string& times);
  bool record_all(bool measured, const std::string& times);
  void begin_probe();
  void end_probe() const;
  void run_probe(const Executable& e, bool replayed) const;
  double time_probe(const Executable& e) const;
  std::vector<std::byte> results_of(const Executable& e, bool replayed) const;

  ContextPtr context_;
  std::shared_ptr<Kernels> kernels_;
  ReplayChoice replay_;
  ArchInfo arch_;
  BoundWeights weights_;
  Tickets tickets_;
  std::optional<StepBuffer> step_;
  backend::Memory memory_;
  Bases bases_;
  std::vector<Executable> executables_;
};

}  // namespace rocmforge::gpu
