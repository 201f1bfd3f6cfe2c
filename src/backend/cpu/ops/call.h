// What every op's file builds on: prepare() turns a node into a Call once, at load; run() executes
// it, with nothing left to look up but the step's numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "backend/cpu/simd/kernels.h"
#include "backend/cpu/vector/elementwise.h"
#include "backend/cpu/weights.h"
#include "backend/executor.h"
#include "base/thread_pool.h"
#include "ir/graph.h"
#include "ir/operand.h"
#include "ir/passes/memory_plan.h"
#include "ir/step.h"

namespace rocmforge::cpu {

using ir::Operand;

// One run of an executable: what its calls share.
struct Run {
  std::byte* arena = nullptr;
  const std::byte* step = nullptr;
  std::byte* kv = nullptr;
  const backend::KvLayout* kv_layout = nullptr;
  const ir::StepLayout* layout = nullptr;
  std::int64_t n = 0;  // rows of this run
  ThreadPool* pool = nullptr;
  const Kernels* kernels = nullptr;
  const Elementwise* elementwise = nullptr;

  template <class T>
  const T* in(const Operand& o) const {
    return reinterpret_cast<const T*>((o.space == ir::Space::kStep ? step : arena) + o.offset);
  }
  template <class T>
  T* out(const Operand& o) const {  // results lie in the arena: checked by Site::out
    return reinterpret_cast<T*>(arena + o.offset);
  }
  template <class T>
  T* scratch(std::int64_t offset) const {
    return reinterpret_cast<T*>(arena + offset);
  }
  template <class T>
  const T* at_step(std::int64_t offset) const {
    return reinterpret_cast<const T*>(step + offset);
  }
  const ir::StepHeader& header() const { return *at_step<ir::StepHeader>(layout->header); }
};

class Call {
 public:
  virtual ~Call() = default;
  virtual void run(const Run& run) const = 0;
};
using CallPtr = std::unique_ptr<Call>;

// A node to be prepared, and what there is to know of it.
struct Site {
  const ir::Graph& graph;
  const ir::Node& node;
  const ir::MemoryPlan& plan;
  const BoundWeights& weights;
  const ir::StepLayout& step;
  const Kernels& kernels;
  const ir::StepRows& rows;
  std::int64_t n_rows = 0;   // of the bucket
  std::int64_t scratch = 0;  // arena offset
  int n_workers = 1;

  Operand in(std::size_t i) const;
  Operand out(std::size_t i = 0) const;  // checked to be dense, in the arena
  // Layer of the KV state that is operand i.
  std::int32_t layer(std::size_t i) const;
};

// Work below this many bytes touched runs on the calling thread: some 5 us, which waking others
// would cost too.
inline constexpr std::int64_t kInlineBytes = 64 * 1024;
// What one task of row-wise work touches at least.
inline constexpr std::int64_t kTaskBytes = 16 * 1024;

// f(begin, end) over all of [0, n_rows), in parallel where that pays. `row_bytes` is what a row
// costs, in bytes touched; the split has no influence on any row's result.
template <class F>
void for_rows(const Run& run, std::int64_t n_rows, std::int64_t row_bytes, const F& f) {
  if (n_rows * row_bytes < kInlineBytes || run.pool->n_threads() == 1) {
    if (n_rows > 0) f(std::int64_t{0}, n_rows);
    return;
  }
  const std::int64_t chunk = row_bytes >= kTaskBytes ? 1 : kTaskBytes / (row_bytes + 1) + 1;
  run.pool->run((n_rows + chunk - 1) / chunk, [&](std::int64_t task, int) {
    const std::int64_t begin = task * chunk;
    f(begin, begin + chunk < n_rows ? begin + chunk : n_rows);
  });
}

}  // namespace rocmforge::cpu
