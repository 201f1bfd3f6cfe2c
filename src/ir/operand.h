// Operands as an executor sees them: where one lies, and how many of its rows a step uses.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "ir/graph.h"
#include "ir/passes/memory_plan.h"

namespace rocmforge::ir {

// An operand's or a result's place and form. Rows are those of the flattened outer extents.
struct Operand {
  Space space = Space::kArena;
  std::int64_t offset = 0;         // bytes; the layer for a KV state
  std::int64_t fixed_rows = 0;     // rows whatever the step
  std::int64_t rows_per_step = 0;  // rows for each row of the step
  std::int64_t cols = 0;           // elements a row; 1 for a list of one integer a step's row
  std::int64_t stride = 0;         // elements from row to row
  DType dtype = DType::kF32;

  std::int64_t rows(std::int64_t n) const { return fixed_rows + rows_per_step * n; }
};

// Which values of a specialised graph have the step's rows: sources that the step fills, and what
// is computed from them; the hidden slot has its own.
class StepRows {
 public:
  // Error{kInternal} when no value has.
  explicit StepRows(const Graph& graph);

  std::int64_t n_rows() const { return n_rows_; }  // of the bucket
  bool is_head() const { return is_head_; }        // the step's head rows, else the body's
  Operand operand(const Graph& graph, const MemoryPlan& plan, Value v) const;

 private:
  std::unique_ptr<bool[]> stepped_;  // by Value::id
  std::int64_t n_rows_ = 0;
  bool is_head_ = false;
};

}  // namespace rocmforge::ir
