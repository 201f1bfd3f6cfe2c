// How a matmul is launched: which kernel, how many rows of x at a time, and whether the activations
// are prepared by a launch of their own (quantize_rows) or in the LDS of each workgroup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/gpu/ops/launch.h"
#include "ir/ops.h"
#include "tensor/dtype.h"

namespace rocmforge::gpu {

struct MatMulDesc {
  std::vector<DType> segments;      // the weight's types, in order
  std::int64_t rows = 0, cols = 0;  // of the weight
  std::int64_t n = 1;               // rows of x: the bucket's
  ir::Epilogue epilogue = ir::Epilogue::kNone;
  bool norm = false;
  bool overwrites_x = false;  // the result lies over x
};

// Byte offsets in the node's scratch of what quantize_rows leaves; all [n][...].
struct MatMulScratch {
  bool f32 = false;   // normalised (or copied) rows, which plain weights read instead of x
  bool int8 = false;  // values, scales, sums
  std::int64_t f32_at = 0, values_at = 0, scales_at = 0, sums_at = 0;
  std::int64_t bytes = 0;
};

struct MatMulPlan {
  std::optional<Launch> quantize;  // first, where there is one
  Launch matmul;
  MatMulScratch scratch;       // of `quantize`
  std::int32_t tile_rows = 1;  // rows of x that share one reading of the weight
};

// Error{kUnsupported} for a type without kernels, and for more than kMaxSegments segments.
MatMulPlan plan_matmul(const MatMulDesc& desc, const ArchInfo& arch);
std::string to_string(const MatMulPlan& plan);

}  // namespace rocmforge::gpu
