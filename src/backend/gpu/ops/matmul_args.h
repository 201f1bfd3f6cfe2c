// Arguments of matmul_<weight type>_<rows> (few rows) and matmul_<weight type>_gemm<tile>, and the
// sizes that their kernels and plans share.
#pragma once

#include "backend/gpu/ops/common_args.h"
#include "backend/gpu/ops/weight_args.h"

namespace rocmforge::gpu {

enum class MatMulEpilogue : i32 { kNone, kSwiGlu, kAdd };  // ir::Epilogue

// Of SwiGLU: a launch makes both halves of the weight at once, or one the gates, which it leaves in
// y, and a later one the ups.
enum class TilePart : i32 { kWhole, kGates, kUps };

// Outputs [begin, end) whose weight rows lie in one segment, or, for SwiGLU, whose gates lie in one
// and whose ups in one. `first` is the number of the first tile of outputs (a pair, for few rows).
struct PieceArgs {
  i32 begin, end, first;
  i32 unused;
};
inline constexpr int kMaxPieces = 2 * kMaxSegments;

// Activations of many rows: planes [n][cols], columns padded with zeros. Of F16 values x = (part 0
// + part 1) * scale[row], scale a power of two; of BF16 ones x = the sum of parts. In int8, for
// cards without matrix units (many_in_int8), values [n][cols], then UnitScale [n][cols / 32].
struct HalvesArgs {
  const u16 *f16, *bf16;  // part 0; not to be read where no segment takes it
  const float* scale;     // [n], of F16
  i64 part;               // elements from a part to the next
  i32 cols;               // padded: a multiple of kHalvesColumns
  i32 int8_at;            // from f16, in kInt8Align bytes; 0: none
};
inline constexpr i32 kHalvesColumns = 256;
inline constexpr i32 kInt8Align = 256;

struct MatMulArgs {
  RowsArgs rows;
  const float* x;  // few rows only
  i64 x_stride;
  const float* gain;      // [cols] F32, or null: no norm. Few rows only
  HalvesArgs halves;      // many rows only
  const float* residual;  // kAdd; may be y
  i64 residual_stride;
  float* y;  // [n, outputs], dense
  // Few rows in several slices: the sums so far, [n_tiles][2 weight rows x rows of the kernel].
  // Many rows in splits: [n_tiles x tiles of rows][splits][outputs of a tile].
  float* sums;
  i32* tickets;  // many rows in splits: one a tile, zero between launches. Not of the arena.
  i32 outputs;   // weight.rows, half of it for kSwiGlu
  MatMulEpilogue epilogue;
  float eps;
  i32 threads;      // a workgroup
  i32 slice;        // few rows: columns that are in LDS at a time
  i32 splits;       // many rows: workgroups that share the columns of a tile
  i32 split_steps;  // of GemmTile::k columns, a split
  i32 n_tiles;      // of outputs
  i32 n_pieces;
  TilePart part;  // many rows only
  i32 has_bias;   // 1: some segment has
  PieceArgs pieces[kMaxPieces];
  WeightArgs weight;
  GridArgs grid;
};

// ---- Few rows.

inline constexpr int kFewRowsMost = 8;  // rows of x
// Threads of a workgroup, at most: the more rows of x, the more it pays that more waves share what
// prepares them.
constexpr int few_rows_threads(int n) {
  return n >= 4 ? 512 : 256;
}
// Workgroups that a unit of NVIDIA's is to hold: its registers are shared out by it.
constexpr int few_rows_groups(int n) {
  return n >= 4 ? 1 : 2;
}
inline constexpr int kNormParts = 16;  // sums of squares of a row that are added at last

// A unit of 32 activations beside its values: the scale and the sums of its halves (16 bits each),
// or, for few rows, of all where no weight type of the kernel has scales of halves.
struct UnitScale {
  float scale;
  i32 sums;
};

// Dynamic LDS for n rows of `slice` columns: F32 for plain weights, int8 for quantized ones.
constexpr i64 few_rows_lds(bool f32, bool int8, i64 slice, i64 n) {
  const i64 padded = (slice + 7) / 8 * 8;
  return n * ((f32 ? 4 * padded : 0) +
              (int8 ? slice + slice / 32 * static_cast<i64>(sizeof(UnitScale)) : 0));
}

// ---- Many rows: tiles of w weight rows by x rows of x, k columns at a time.

inline constexpr int kGemmThreads = 256;

struct GemmTile {
  i32 w, x;
  i32 waves_w, waves_x, waves_k;  // how a workgroup's waves share it
  i32 k;
  i32 stages;  // of x in LDS: the copies under way and the one in use
  // An LDS row is 8 elements longer than k: eight rows begin in different banks.
  constexpr i32 stride() const { return k + 8; }
  constexpr i32 w_elements(i32 parts) const { return 2 * parts * w * stride(); }
  constexpr i32 lds_bytes(i32 w_parts, i32 x_parts) const {
    return 2 * (w_elements(w_parts) + stages * x_parts * x * stride());
  }
};

// Names of tiles in kernels: their rows of x.
inline constexpr i32 kGemmTiles[] = {16, 32, 64, 128};

// Bytes of LDS a workgroup may have: of NVIDIA's what all of 8.0 and later give.
inline constexpr i32 kGemmLds = 65536;
inline constexpr i32 kGemmLdsOfSm = 101376;

// How a tile of `x` rows is shared by waves; k as large as one unit of 32 columns a thread admits.
constexpr GemmTile tile_shape(i32 x, i32 wave) {
  const i32 waves = kGemmThreads / wave;
  GemmTile t{.w = 32, .x = x, .waves_w = 1, .waves_x = 1, .waves_k = waves, .k = 256, .stages = 2};
  if (x == 32) t.waves_x = 2;
  if (x >= 64) {
    t.w = x;
    t.waves_x = t.waves_w = 2;
    if (x == 128) t.waves_w = waves / 2;
  }
  t.waves_k = waves / (t.waves_x * t.waves_w);
  t.k = kGemmThreads * 32 / t.w;
  return t;
}
// The tile of `x` rows for weights in w_parts and activations in x_parts. k is the largest that
// LDS, and one unit of 32 columns a thread, admit.
constexpr GemmTile gemm_tile(i32 x, i32 w_parts, i32 x_parts, i32 wave, bool sm) {
  GemmTile t = tile_shape(x, wave);
  t.stages = sm ? 3 : 2;
  const i32 limit = (sm ? kGemmLdsOfSm : kGemmLds) - 1024;
  while (t.lds_bytes(w_parts, x_parts) > limit && t.k > 32) t.k /= 2;
  return t;
}
// Whether the tile exists: every wave has a whole step of 16 columns.
constexpr bool fits(const GemmTile& t, i32 w_parts, i32 x_parts, bool sm) {
  return t.k >= 16 * t.waves_k &&
         t.lds_bytes(w_parts, x_parts) <= (sm ? kGemmLdsOfSm : kGemmLds) - 1024;
}

// In how many parts the matrix units take weights and activations, and of which type: as many as
// keep near the accuracy of F32 where weights are plain. A quantized type's own error is far above
// that of one part.
struct HalfParts {
  i32 w, x;
  bool bf16;
};
constexpr HalfParts half_parts(WeightType type) {
  switch (type) {
    case WeightType::kF32:
      return {3, 3, true};
    case WeightType::kF16:
      return {1, 2, false};
    case WeightType::kBF16:
      return {1, 2, true};
    case WeightType::kMXFP4:  // their range is BF16's
    case WeightType::kMXFP6_E2M3:
    case WeightType::kMXFP6_E3M2:
      return {1, 1, true};
    default:
      return {1, 1, false};
  }
}

// ---- Many rows without matrix units: int8.

// Whether many rows meet weights of a type in int8, by dot4, instead of in halves. The one place
// where that is chosen: plans ask by ArchInfo::matrix_units, kernels by Arch::kMatrixUnits.
constexpr bool many_in_int8(WeightType type, bool matrix_units) {
  return !matrix_units && plane_bytes(type).quantized;
}

// What weights are in LDS there: bytes of code a column, and floats of scales and minima a unit.
struct DotParts {
  i32 codes, scales;
};
constexpr DotParts dot_parts(WeightType type) {
  switch (type) {
    case WeightType::kQ2_K:  // scales and minima of halves
      return {1, 4};
    case WeightType::kQ3_K:  // scales of halves
    case WeightType::kQ6_K:
    case WeightType::kQ4_1:  // a scale and a minimum
    case WeightType::kQ5_1:
    case WeightType::kQ4_K:
    case WeightType::kQ5_K:
      return {1, 2};
    case WeightType::kMXFP6_E3M2:  // coarse and fine codes
      return {2, 1};
    default:
      return {1, 1};
  }
}

// Rows of int8 in LDS are 16 bytes longer than k: eight of them begin in different banks.
constexpr i32 dot_stride(const GemmTile& t) {
  return t.k + 16;
}
// Of one of the two stages: codes of W, values of x, scales of W, scales of x.
constexpr i32 dot_stage_bytes(const GemmTile& t, DotParts parts) {
  return (parts.codes * t.w + t.x) * dot_stride(t) +
         t.k / 32 * (4 * parts.scales * t.w + static_cast<i32>(sizeof(UnitScale)) * t.x);
}
// The tile of `x` rows, of waves of 32 lanes.
constexpr GemmTile dot_tile(i32 x, DotParts parts) {
  GemmTile t = tile_shape(x, 32);
  while (2 * dot_stage_bytes(t, parts) > kGemmLds - 1024 && t.k > 32) t.k /= 2;
  return t;
}
// Whether the tile exists: every wave has a whole unit.
constexpr bool fits(const GemmTile& t, DotParts parts) {
  return t.k >= 32 * t.waves_k && 2 * dot_stage_bytes(t, parts) <= kGemmLds - 1024;
}

}  // namespace rocmforge::gpu
