// Plain structs that host and device share: what the kernels' arguments are made of. Pointers are
// addresses of device memory.
#pragma once

namespace rocmforge::gpu {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i8 = signed char;
using i16 = short;
using i32 = int;
using i64 = long long;

// ir::StepHeader.
struct StepHeaderArgs {
  i32 n_rows, n_head_rows, n_sequences, n_work, n_partials, n_edits, n_masks;
};
// ir::WorkItem.
struct WorkItemArgs {
  i32 sequence, row_begin, n_rows, kv_begin, kv_end, n_splits, split, partial, sequence_rows;
};

// ir::SampleParams, ir::SampleMode.
enum class SampleMode : i32 { kNone, kAll, kCandidates };
struct SampleParamsArgs {
  SampleMode mode;
  i32 top_k;
  float temperature, top_p, log_min_p;
  u32 seed_low, seed_high, position;
  i32 edits_begin, n_edits, mask, unused;
};
inline constexpr int kMaxCandidates = 256;             // ir::kMaxCandidates
inline constexpr i32 kNoSample = -1, kUndecided = -2;  // ir::kNoSample, ir::kUndecided
// ir::LogitEdit.
struct LogitEditArgs {
  i32 token;
  float penalty, bias;
};

// How many rows an operand has in this step: fixed + per_step * (the body's or the head's rows).
struct RowsArgs {
  const StepHeaderArgs* header;
  i32 fixed;
  i32 per_step;
  i32 of_head;  // 1: of the head's rows
  i32 unused;
};

// The step buffer and the byte offsets of its parts (ir::StepLayout).
struct StepArgs {
  const u8* base;
  i32 header, positions, sequences, kv_slots, rope_rows, block_tables, work;
  i32 max_blocks;  // row length of the block tables
  i32 rope_dims;   // row length of the rope rows, floats
  i32 samples, edits, masks;
  i32 mask_words;  // row length of the masks
};

// Workgroups in each direction: what a kernel strides its loops by.
struct GridArgs {
  i32 x, y;
};

// rocmforge::DType, as far as weights go.
enum class WeightType : i32 {
  kF32,
  kF16,
  kBF16,
  kI32,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP6_E2M3,
  kMXFP6_E3M2,
  kMXFP4
};

// Rows [begin, end) of a weight, in planes (ops/weight_args.h), which begin with row `begin`.
struct SegmentArgs {
  const u8 *q, *high, *scales, *super;  // null where the type has none
  const float* bias;                    // [end - begin], or null
  i32 begin, end;
  WeightType type;
  i32 unused;
};
inline constexpr int kMaxSegments = 8;
struct WeightArgs {
  i32 rows, cols;
  i32 n_segments;
  i32 unused;
  SegmentArgs segments[kMaxSegments];
};

// ir::RopeSpec; n_rot = 0: none.
struct RopeSpecArgs {
  i32 head_dim, n_rot;
  i32 neox;  // 1: pairs (i, i + n_rot / 2), else (2 i, 2 i + 1)
  i32 unused;
};

// ir::NormSpec over single heads; gain null: none.
struct HeadNormArgs {
  const float* gain;  // [head_dim]
  float eps;
  i32 unused;
};

// The KV state of one layer: [block][K, V][kv head][kBlockTokens][head_dim].
struct KvArgs {
  void* layer;
  i32 n_kv_heads, head_dim;
};
inline constexpr int kKvBlockTokens = 16;  // ir::kBlockTokens

}  // namespace rocmforge::gpu
