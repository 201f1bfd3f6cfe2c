// The weights as the GPU uses them: in the file's layout, in one allocation, uploaded at load.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backend/executor.h"
#include "backend/gpu/context.h"
#include "backend/gpu/ops/common_args.h"
#include "ir/weight.h"

namespace rocmforge::gpu {

// Nullopt when no kernel takes it.
std::optional<WeightType> weight_type(DType dtype);

struct BoundSegment {
  std::int64_t begin = 0, end = 0;  // rows of the weight
  std::int64_t row_bytes = 0;
  DeviceAddress rows = 0;
  DeviceAddress bias = 0;  // F32 [end - begin]; 0: none
};

struct BoundWeight {
  const ir::Weight* weight = nullptr;
  std::vector<BoundSegment> segments;
  DeviceAddress vector = 0;  // a weight of one row, widened to F32: a norm's gain; 0: not one row
};

class BoundWeights {
 public:
  // Device memory that bind takes.
  static std::int64_t bytes(const ir::WeightTable& table);
  // Uploads all, and waits. Sizes are checked against the table: Error{kInternal} naming the
  // weight.
  void bind(const Context& context, const ir::WeightTable& table,
            std::span<const backend::WeightData> data);
  // Error{kInternal} when it was not bound.
  const BoundWeight& at(ir::WeightId id) const;
  // As kernels take it. Error{kUnsupported}, naming op and weight, where a type has no kernel.
  WeightArgs args(ir::WeightId id, std::string_view op) const;
  // Its gain of `cols` columns. Error{kInternal} when it is another.
  const float* gain(ir::WeightId id, std::int64_t cols) const;

 private:
  std::vector<BoundWeight> weights_;  // by id; those that were not bound have no `weight`
  DeviceMemory memory_;
};

}  // namespace rocmforge::gpu
