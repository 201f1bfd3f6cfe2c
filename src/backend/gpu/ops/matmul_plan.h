// How a matmul is launched: which kernel, what a workgroup makes, and whether the activations are
// prepared by a launch of their own (prepare_rows, for many rows) or by each workgroup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/matmul_args.h"
#include "ir/ops.h"
#include "tensor/dtype.h"

namespace rocmforge::gpu {

struct MatMulSegment {
  DType type = DType::kF32;
  std::int64_t rows = 0;
};

struct MatMulDesc {
  std::vector<MatMulSegment> segments;  // of the weight, in order
  std::int64_t cols = 0;                // of the weight
  std::int64_t n = 1;                   // rows of x: the bucket's
  ir::Epilogue epilogue = ir::Epilogue::kNone;

  std::int64_t rows() const;     // of the weight
  std::int64_t outputs() const;  // half of them for SwiGLU
};

// Byte offsets in the node's scratch of what prepare_rows leaves (see HalvesArgs), and of
// MatMulArgs::sums.
struct MatMulScratch {
  std::int32_t n_f16 = 0, n_bf16 = 0;  // parts
  bool int8 = false;
  std::int64_t f16_at = 0, bf16_at = 0, scale_at = 0, int8_at = 0;
  std::int64_t cols = 0;  // padded
  std::int64_t part = 0;  // elements
  std::int64_t sums_at = 0;
  std::int64_t bytes = 0;
};

// A kernel and the pieces of the outputs that it makes.
struct MatMulLaunch {
  Launch launch;
  TilePart part = TilePart::kWhole;
  std::vector<PieceArgs> pieces;
  std::int32_t n_tiles = 0;  // in all pieces
  // Many rows: workgroups that share the columns of a tile, and the steps that each takes.
  std::int32_t splits = 1, split_steps = 0;
};

struct MatMulPlan {
  std::optional<Launch> prepare;       // first, where there is one
  std::vector<MatMulLaunch> products;  // one, but with more than 8 rows one for each type
  MatMulScratch scratch;
  std::int32_t tile_rows = 1;     // rows of x that share one reading of the weight
  std::int32_t slice = 0;         // few rows: columns in LDS at a time
  std::int32_t rows_of_tile = 0;  // few rows: weight rows that a wave makes at a time
  std::int64_t n_tickets = 0;     // many rows in splits
};

// Error{kUnsupported} for a type without kernels, and for more than kMaxSegments segments.
MatMulPlan plan_matmul(const MatMulDesc& desc, const ArchInfo& arch);
std::string to_string(const MatMulPlan& plan);

}  // namespace rocmforge::gpu
