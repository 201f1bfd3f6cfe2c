// Where every value of a specialised graph lies: one arena, shared by values that are never alive
// together.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/step.h"

namespace rocmforge::ir {

inline constexpr std::int64_t kArenaAlign = 256;  // bytes; whole cache lines, GPU-friendly

enum class Space : std::uint8_t { kArena, kStep, kKvState };

struct Placement {
  Space space = Space::kArena;
  std::int64_t offset = 0;  // bytes in the arena or the step buffer; the layer for kKvState
};

// Fixed places at the start of the arena, the same for every graph of a model.
struct Regions {
  std::int64_t hidden = 0;    // F32 [max_rows, dim]
  std::int64_t logits = 0;    // F32 [max_head_rows, vocab]
  std::int64_t sampled = 0;   // I32 [max_head_rows]
  std::int64_t incoming = 0;  // F32 [max_rows, dim], or empty
  std::int64_t bytes = 0;     // where temporaries may begin
};
// `vocab` is 0 where there is no head; `incoming` where a body reads that slot.
Regions plan_regions(const StepLimits& limits, std::int64_t dim, std::int64_t vocab,
                     bool incoming = false);

struct MemoryPlan {
  std::vector<Placement> values;      // by Value::id
  std::vector<std::int64_t> scratch;  // by node: arena offset of its scratch
  std::vector<std::int64_t> scratch_bytes;
  std::int64_t arena_bytes = 0;
};

// Bytes of scratch that the executor wants for a node of a specialised graph; 0 for most.
using ScratchBytes = std::function<std::int64_t(const Graph&, const Node&)>;

// `graph` has no symbolic extents. An output of slot s lies at its region; accumulators and kAdd
// residuals that die there are written over in place; tapped values stay to the end.
MemoryPlan plan_memory(const Graph& graph, const StepLayout& step, const Regions& regions,
                       const ScratchBytes& scratch);

// Offsets and lifetimes, one line a value; for tests and people.
std::string print(const Graph& graph, const MemoryPlan& plan);

}  // namespace rocmforge::ir
