// Shape rules: what an op makes of its operands.
#pragma once

#include <span>
#include <vector>

#include "ir/ops.h"
#include "ir/step.h"
#include "tensor/tensor_desc.h"

namespace rocmforge::ir {

// Shapes of the sources, which no operand determines.
struct SourceShapes {
  std::int64_t rope_dims = 0;
  std::int64_t max_rows = 0;       // rows of the hidden slot
  std::int64_t dim = 0;            // columns of the hidden slot
  std::int64_t max_head_rows = 0;  // of the sampled slot
  DType kv_dtype = DType::kF16;
  std::int64_t n_kv_heads = 0, head_dim = 0;
};

// Descriptions of the op's results. Throws Error{kInternal} naming the op and the operand that
// breaks its rule.
std::vector<TensorDesc> infer(const Op& op, std::span<const TensorDesc> operands,
                              const WeightTable& weights, const SourceShapes& sources);

}  // namespace rocmforge::ir
