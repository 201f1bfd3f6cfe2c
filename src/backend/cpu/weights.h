// The weights as the CPU uses them: rows in the file's layout, where the file is mapped, or in
// memory of their own where they are made up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/device.h"
#include "backend/executor.h"
#include "base/thread_pool.h"
#include "ir/weight.h"

namespace rocmforge::cpu {

struct BoundSegment {
  DType dtype = DType::kF32;
  std::int64_t begin = 0, end = 0;  // rows of the weight
  std::int64_t row_bytes = 0;
  const std::byte* rows = nullptr;
  std::vector<float> bias;  // [end - begin], or empty
};

struct BoundWeight {
  const ir::Weight* weight = nullptr;
  std::int64_t rows = 0, cols = 0;
  std::vector<BoundSegment> segments;
  std::vector<float> vector;  // a weight of one row, widened: a norm's gain

  bool any_plain() const;
  bool any_quantized() const;
};

class BoundWeights {
 public:
  // Sizes are checked against the table: Error{kInternal} naming the weight. The pool fills what is
  // made up: errors as make_random_rows.
  void bind(const ir::WeightTable& table, const backend::WeightSource& source, ThreadPool& pool);
  // Error{kInternal} when it was not bound.
  const BoundWeight& at(ir::WeightId id) const;

 private:
  std::vector<BoundWeight> weights_;          // by id; those that were not bound have no `weight`
  std::unique_ptr<backend::Buffer> made_up_;  // rows that no file holds
};

}  // namespace rocmforge::cpu
