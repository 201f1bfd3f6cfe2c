// The weights as the GPU uses them: repacked at load into planes (ops/weight_args.h), which serve
// few rows and many alike, in one allocation.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "backend/executor.h"
#include "backend/gpu/context.h"
#include "backend/gpu/kernels.h"
#include "backend/gpu/ops/common_args.h"
#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/weight_layout.h"
#include "ir/weight.h"

namespace rocmforge::gpu {

struct BoundSegment {
  std::int64_t begin = 0, end = 0;  // rows of the weight
  DeviceAddress at = 0;
  SegmentLayout layout = {};  // of its planes, from `at`
  DeviceAddress bias = 0;     // F32 [end - begin]; 0: none
};

struct BoundWeight {
  const ir::Weight* weight = nullptr;
  std::vector<BoundSegment> segments = {};
  DeviceAddress vector = 0;  // a weight of one row, widened to F32: a norm's gain; 0: not one row
};

class BoundWeights {
 public:
  // Device memory that bind takes and keeps.
  static std::int64_t bytes(const ir::WeightTable& table);
  // Loads all, and waits (weight_loader.h). Sizes are checked against the table: Error{kInternal}
  // naming the weight; Error{kUnsupported} naming it where a type has no kernel. When it throws,
  // nothing is bound and everything is free again.
  void bind(const Context& context, Kernels& kernels, const ArchInfo& arch,
            const ir::WeightTable& table, const backend::WeightSource& source);
  // Error{kInternal} when it was not bound.
  const BoundWeight& at(ir::WeightId id) const;
  // As kernels take it. Error{kUnsupported}, naming op and weight, when it has too many segments.
  WeightArgs args(ir::WeightId id, std::string_view op) const;
  // Its gain of `cols` columns. Error{kInternal} when it is another.
  const float* gain(ir::WeightId id, std::int64_t cols) const;

 private:
  std::vector<BoundWeight> weights_;  // by id; those that were not bound have no `weight`
  DeviceMemory memory_;
};

}  // namespace rocmforge::gpu
