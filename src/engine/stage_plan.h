// A model cut into stages, specialised and planned: all that is known before anything is loaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/executor.h"
#include "base/counters.h"
#include "engine/runner_options.h"
#include "ir/passes/memory_plan.h"
#include "ir/step.h"
#include "model/model.h"

namespace rocmforge::engine {

// A graph for up to `rows` rows, and where its values lie.
struct PlannedGraph {
  std::int32_t rows = 0;
  ir::Graph graph;
  ir::MemoryPlan memory;
};

// Consecutive layers on one device. The first stage has the embedding too, the last the head.
struct StagePlan {
  std::int32_t first_layer = 0, n_layers = 0;
  bool is_first = true;  // else it takes its rows from the stage before
  std::shared_ptr<const ir::WeightTable> weights;
  ir::Regions regions;
  backend::KvLayout kv;  // of its own layers
  std::vector<PlannedGraph> body, head;
  std::vector<PlannedGraph> embedding;  // with the head: one, for max_head_rows
  std::int64_t arena_bytes = 0;         // the largest plan's
  std::int64_t weight_bytes = 0;        // of device memory
};

// What a stage is planned for. Without an executor its layers are counted, but not planned.
struct StageSpec {
  std::int32_t n_layers = 0;
  const backend::Executor* executor = nullptr;
};

// The step buffer that every stage reads.
ir::StepLayout step_layout(const model::Model& model, const RunnerOptions& options);

// Cuts the model, whose layers the specs share out among them, and plans each stage: for 1, 2, 4,
// ... rows. Counts graph_builds. A stage without an executor comes back empty.
std::vector<StagePlan> plan_stages(const model::Model& model, const RunnerOptions& options,
                                   std::span<const StageSpec> specs, Counters& counters);

}  // namespace rocmforge::engine
