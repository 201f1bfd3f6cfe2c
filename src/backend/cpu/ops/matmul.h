// Where a matmul keeps its prepared activations.
#pragma once

#include <cstdint>

#include "ir/weight.h"

namespace rocmforge::cpu {

// Byte offsets within the node's scratch. `f32`: normalised rows, all of them where plain weights
// read them (keeps_f32), else one a worker, to be quantized. The rest as simd/kernels.h says.
struct MatMulScratch {
  bool keeps_f32 = false;
  bool quantized = false;
  std::int64_t f32 = 0, values = 0, scales = 0, sums = 0;
  std::int64_t bytes = 0;
};
MatMulScratch matmul_scratch(const ir::Weight& weight, bool norm, std::int64_t n_rows,
                             std::int64_t n_workers);

}  // namespace rocmforge::cpu
