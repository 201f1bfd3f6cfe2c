// Weights as the graph sees them: which tensors of the model file make one, and of what type. Where
// the bytes are is the executor's business (backend/executor.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace rocmforge::ir {

enum class WeightId : std::int32_t {};

// Consecutive output rows of one type: one tensor of the file, [rows, cols], and its bias if any.
struct WeightSegment {
  std::string tensor;  // name in the file: "blk.0.attn_q.weight"
  DType dtype = DType::kF32;
  std::int64_t rows = 0;
  std::string bias;  // F32 [rows]; empty when there is none

  bool operator==(const WeightSegment&) const = default;
};

// A matrix [sum of rows, cols], kept as the list of its row segments, each with its own type: real
// files mix types within one projection. A vector (a norm's gain) is one segment of one row.
struct Weight {
  std::string name;  // "blk.0.attn_qkv"
  std::int64_t cols = 0;
  std::vector<WeightSegment> segments;

  std::int64_t rows() const;
  bool has_bias() const;
  bool operator==(const Weight&) const = default;
};

// All weights of a model, shared by its graphs. Adding the same segments twice gives the same id
// (tied embeddings are one weight).
class WeightTable {
 public:
  WeightId add(Weight weight);
  const Weight& at(WeightId id) const;
  // A table with the same ids that holds these weights alone: the others have no segments, so
  // nothing is bound for them, and an op that reads one breaks its shape rule.
  WeightTable only(std::span<const WeightId> ids) const;
  std::int32_t size() const { return static_cast<std::int32_t>(weights_.size()); }

 private:
  std::vector<Weight> weights_;
};

}  // namespace rocmforge::ir
