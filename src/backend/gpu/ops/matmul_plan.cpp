#include "backend/gpu/ops/matmul_plan.h"

#include <algorithm>
#include <compare>
#include <map>
#include <set>
#include <utility>

#include "backend/gpu/ops/row_plans.h"
#include "backend/gpu/ops/weight_layout.h"
#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

// Columns of a slice are whole blocks of every type.
constexpr std::int64_t kSliceColumns = 256;
// Columns of a split, at least; and of one of the largest tiles, whose sums are more.
constexpr std::int64_t kSplitColumns = 1024, kLongColumns = 3072;
// A part of the scratch is whole ones of these.
constexpr std::int64_t kScratchBytes = 256;
static_assert(kScratchBytes % kInt8Align == 0);

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}
std::int32_t to_i32(std::int64_t x) {
  return static_cast<std::int32_t>(x);
}

bool is_sm(const ArchInfo& arch) {
  return arch.target.starts_with("sm_");
}

struct Kinds {
  bool plain = false, quantized = false, alike = true;
  std::string name;  // of the kernels for few rows
};

Kinds kinds_of(const MatMulDesc& desc) {
  check(!desc.segments.empty(), "[gpu] matmul: a weight without segments");
  if (desc.segments.size() > kMaxSegments) {
    throw Error(ErrorCode::kUnsupported, "[gpu] matmul: a weight of " +
                                             std::to_string(desc.segments.size()) +
                                             " segments, over " + std::to_string(kMaxSegments));
  }
  Kinds kinds;
  for (const auto& [type, rows] : desc.segments) {
    check(rows > 0, "[gpu] matmul: a segment without rows");
    check(desc.cols % info(type).block_elems == 0, "[gpu] matmul: columns are no whole blocks");
    (info(type).is_quantized() ? kinds.quantized : kinds.plain) = true;
    kinds.name = kernel_type(type);
    kinds.alike = kinds.alike && type == desc.segments.front().type;
  }
  if (!kinds.alike) {
    kinds.name = !kinds.plain ? "quant" : !kinds.quantized ? "plain" : "mixed";
  }
  return kinds;
}

HalfParts parts_of(DType type) {
  return half_parts(*weight_type(type));
}

// The outputs, cut where a segment of their weight rows ends.
std::vector<PieceArgs> cut(const MatMulDesc& desc) {
  const std::int64_t outputs = desc.outputs();
  std::set<std::int64_t> ends = {outputs};
  std::int64_t end = 0;
  for (const MatMulSegment& s : desc.segments) {
    end += s.rows;
    if (end % outputs != 0) ends.insert(end % outputs);
  }
  std::vector<PieceArgs> pieces;
  std::int64_t begin = 0;
  for (const std::int64_t e : ends) {
    pieces.push_back({to_i32(begin), to_i32(e), 0, 0});
    begin = e;
  }
  return pieces;
}
// Adds a piece; its tiles of `across` outputs follow those of the pieces before it.
void add_piece(MatMulLaunch& to, PieceArgs piece, std::int64_t across) {
  piece.first = to.n_tiles;
  to.pieces.push_back(piece);
  to.n_tiles += to_i32(ceil_div(piece.end - piece.begin, across));
}

// ---- few rows

// Workgroups a unit. They are persistent, so that what each repeats of the activations stays small
// beside its weight rows.
std::int64_t groups_per_unit(std::int64_t n, const ArchInfo& arch) {
  const int groups = few_rows_groups(static_cast<int>(n));
  return is_sm(arch) ? groups : std::min(groups, 2);
}

MatMulPlan plan_few(const MatMulDesc& desc, const Kinds& kinds, const ArchInfo& arch) {
  MatMulPlan plan;
  std::int64_t n = 1;
  while (n < desc.n) n *= 2;
  MatMulLaunch& product = plan.products.emplace_back();
  // A wave makes two weight rows at a time, which share what it reads of x: for SwiGLU gate and up
  // of an output. Of one row of x there is less to share than there are waves to keep busy.
  const bool gated = desc.epilogue == ir::Epilogue::kSwiGlu;
  plan.rows_of_tile = gated || n > 1 || !kinds.alike ? 2 : 1;
  const std::int64_t across = gated ? 1 : plan.rows_of_tile;
  for (const PieceArgs& piece : cut(desc)) add_piece(product, piece, across);
  plan.tile_rows = to_i32(n);

  const auto lds = [&](std::int64_t cols) {
    return few_rows_lds(kinds.plain, kinds.quantized, cols, n);
  };
  const std::int64_t whole = ceil_div(desc.cols, kSliceColumns) * kSliceColumns;
  std::int64_t slice = whole;
  for (std::int64_t n_slices = 2; lds(std::min(slice, desc.cols)) > arch.lds_bytes - kStaticShared;
       ++n_slices) {
    slice = ceil_div(whole / kSliceColumns, n_slices) * kSliceColumns;
  }
  plan.slice = to_i32(slice);

  const std::int64_t most_threads = few_rows_threads(static_cast<int>(n));
  std::int64_t threads = most_threads;
  // Every unit takes part. What is prepared in slices takes long: all of a unit's waves share it.
  while (threads > 128 && ceil_div(product.n_tiles, threads / arch.wave) < arch.n_units)
    threads /= 2;
  if (slice < whole) {
    threads = most_threads;
    const std::int64_t values = plan.rows_of_tile * n;  // of a tile
    plan.scratch.bytes = ceil_div(4 * product.n_tiles * values, kScratchBytes) * kScratchBytes;
  }
  const std::int64_t groups = ceil_div(product.n_tiles, threads / arch.wave);
  const std::int64_t most = std::max<std::int64_t>(1, groups_per_unit(n, arch) * arch.n_units);
  const std::int64_t turns = ceil_div(groups, most);
  const std::string pair = n == 1 && kinds.alike && gated ? "pair_" : "";
  product.launch = {.kernel = "matmul_" + kinds.name + "_" + pair + std::to_string(n),
                    .grid_x = to_i32(ceil_div(groups, turns)),
                    .grid_y = 1,
                    .threads = to_i32(threads),
                    .lds_bytes = to_i32(lds(std::min(slice, (desc.cols + 7) / 8 * 8))),
                    .rows = {}};
  return plan;
}

// ---- many rows

bool in_int8(DType type, const ArchInfo& arch) {
  return many_in_int8(*weight_type(type), arch.matrix_units);
}

MatMulScratch scratch_of(const MatMulDesc& desc, const ArchInfo& arch) {
  MatMulScratch s;
  for (const MatMulSegment& segment : desc.segments) {
    if (in_int8(segment.type, arch)) {
      s.int8 = true;
      continue;
    }
    const HalfParts parts = parts_of(segment.type);
    std::int32_t& n = parts.bf16 ? s.n_bf16 : s.n_f16;
    n = std::max(n, parts.x);
  }
  const auto take = [&s](std::int64_t bytes) {
    const std::int64_t at = s.bytes;
    s.bytes += ceil_div(bytes, kScratchBytes) * kScratchBytes;
    return at;
  };
  s.cols = ceil_div(desc.cols, kHalvesColumns) * kHalvesColumns;
  s.part = desc.n * s.cols;
  s.f16_at = take(2 * s.part * s.n_f16);
  s.bf16_at = take(2 * s.part * s.n_bf16);
  s.scale_at = take(4 * desc.n);
  if (s.int8) {
    s.int8_at = take(s.part + s.part / 32 * static_cast<std::int64_t>(sizeof(UnitScale)));
  }
  return s;
}

DType type_of(const MatMulDesc& desc, std::int64_t row) {
  std::size_t s = 0;
  for (; row >= desc.segments[s].rows; ++s) row -= desc.segments[s].rows;
  return desc.segments[s].type;
}

// Which kernel makes a piece: of several, those that leave gates go first.
struct GemmKind {
  TilePart part;
  DType type;
  auto operator<=>(const GemmKind&) const = default;
};
std::map<GemmKind, std::vector<PieceArgs>> kinds_of_pieces(const MatMulDesc& desc) {
  std::map<GemmKind, std::vector<PieceArgs>> out;
  for (const PieceArgs& piece : cut(desc)) {
    const DType type = type_of(desc, piece.begin);
    if (desc.epilogue != ir::Epilogue::kSwiGlu) {
      out[{TilePart::kWhole, type}].push_back(piece);
      continue;
    }
    const DType up = type_of(desc, piece.begin + desc.outputs());
    if (type == up) {
      out[{TilePart::kWhole, type}].push_back(piece);
    } else {
      out[{TilePart::kGates, type}].push_back(piece);
      out[{TilePart::kUps, up}].push_back(piece);
    }
  }
  return out;
}

// A tile of `x` rows and its LDS.
std::pair<GemmTile, std::int32_t> tile_of(DType type, std::int32_t x, const ArchInfo& arch) {
  constexpr const char* kMisfit = "[gpu] matmul: a tile that does not fit";
  if (in_int8(type, arch)) {
    const DotParts parts = dot_parts(*weight_type(type));
    const GemmTile tile = dot_tile(x, parts);
    check(fits(tile, parts), kMisfit);
    return {tile, 2 * dot_stage_bytes(tile, parts)};
  }
  const HalfParts parts = parts_of(type);
  const GemmTile tile = gemm_tile(x, parts.w, parts.x, arch.wave, is_sm(arch));
  check(fits(tile, parts.w, parts.x, is_sm(arch)), kMisfit);
  return {tile, tile.lds_bytes(parts.w, parts.x)};
}

// Workgroups that share the columns of a tile: as many as keep two of them on each unit, as long as
// each has enough columns to be worth the sums that it leaves.
std::int64_t splits_of(const MatMulDesc& desc, std::int64_t n_tiles, const ArchInfo& arch) {
  const std::int64_t most = std::max<std::int64_t>(1, desc.cols / kSplitColumns);
  return std::clamp<std::int64_t>(2 * arch.n_units / n_tiles, 1, most);
}

MatMulLaunch plan_gemm(const MatMulDesc& desc, const GemmKind& kind,
                       const std::vector<PieceArgs>& pieces, std::int32_t x, const ArchInfo& arch) {
  const auto [tile, lds_bytes] = tile_of(kind.type, x, arch);
  const bool gated = desc.epilogue == ir::Epilogue::kSwiGlu && kind.part == TilePart::kWhole;
  MatMulLaunch out{.launch = {}, .part = kind.part, .pieces = {}, .n_tiles = 0};
  for (const PieceArgs& piece : pieces) add_piece(out, piece, gated ? tile.w / 2 : tile.w);
  const std::int64_t steps = ceil_div(desc.cols, tile.k);
  const std::int64_t n_tiles = out.n_tiles * ceil_div(desc.n, x);
  const std::int64_t splits = in_int8(kind.type, arch) ? 1 : splits_of(desc, n_tiles, arch);
  out.split_steps = to_i32(ceil_div(steps, splits));
  out.splits = to_i32(ceil_div(steps, out.split_steps));
  out.launch = {
      .kernel = "matmul_" + std::string(kernel_type(kind.type)) + "_gemm" + std::to_string(x),
      .grid_x = out.n_tiles * out.splits,
      .grid_y = to_i32(ceil_div(desc.n, x)),
      .threads = kGemmThreads,
      .lds_bytes = lds_bytes,
      .rows = {.items = 1, .per_group = x, .along_y = true}};
  return out;
}

// Rows of x of a tile. Large tiles read W and x less often; small ones, and splits of long rows,
// leave fewer units idle.
std::int32_t gemm_rows(const MatMulDesc& desc, const ArchInfo& arch) {
  const auto is_f32 = [](const MatMulSegment& s) { return s.type == DType::kF32; };
  // Of F32, taken in three parts, there are the middle tiles alone.
  const bool f32 = std::any_of(desc.segments.begin(), desc.segments.end(), is_f32);
  const std::int32_t most = f32 ? 64 : 128;
  std::int32_t x = f32 ? 32 : 16;
  while (x < desc.n && x < most) x *= 2;
  const auto idle = [&] {
    const std::int64_t parts =
        arch.matrix_units ? desc.cols / (x > 64 ? kLongColumns : kSplitColumns) : 1;
    const std::int64_t tiles = ceil_div(desc.n, x) * ceil_div(desc.rows(), x);
    return 4 * tiles * std::max<std::int64_t>(1, parts) < 3 * std::int64_t{arch.n_units};
  };
  while (x > 32 && idle()) x /= 2;
  return x;
}

MatMulPlan plan_many(const MatMulDesc& desc, const ArchInfo& arch) {
  MatMulPlan plan;
  plan.prepare = plan_prepare({desc.n, desc.cols}, arch);
  plan.scratch = scratch_of(desc, arch);
  plan.tile_rows = gemm_rows(desc, arch);
  std::int64_t sums = 0;
  for (const auto& [kind, pieces] : kinds_of_pieces(desc)) {
    const MatMulLaunch& product =
        plan.products.emplace_back(plan_gemm(desc, kind, pieces, plan.tile_rows, arch));
    if (product.splits == 1) continue;
    const std::int64_t tiles = product.n_tiles * ceil_div(desc.n, plan.tile_rows);
    const GemmTile tile = tile_of(kind.type, plan.tile_rows, arch).first;
    plan.n_tickets = std::max(plan.n_tickets, tiles);
    sums = std::max(sums, 4 * tiles * product.splits * tile.w * tile.x);
  }
  plan.scratch.sums_at = plan.scratch.bytes;
  plan.scratch.bytes += sums;
  return plan;
}

}  // namespace

std::int64_t MatMulDesc::rows() const {
  std::int64_t sum = 0;
  for (const MatMulSegment& s : segments) sum += s.rows;
  return sum;
}
std::int64_t MatMulDesc::outputs() const {
  return epilogue == ir::Epilogue::kSwiGlu ? rows() / 2 : rows();
}

MatMulPlan plan_matmul(const MatMulDesc& desc, const ArchInfo& arch) {
  const Kinds kinds = kinds_of(desc);
  check(desc.cols > 0 && desc.n > 0, "[gpu] matmul: an empty shape");
  if (desc.n > kFewRowsMost) return plan_many(desc, arch);
  return plan_few(desc, kinds, arch);
}

std::string to_string(const MatMulPlan& plan) {
  std::string text;
  if (plan.prepare) {
    text = to_string(*plan.prepare);
    if (plan.scratch.n_f16 > 0) text += " f16 x " + std::to_string(plan.scratch.n_f16);
    if (plan.scratch.n_bf16 > 0) text += " bf16 x " + std::to_string(plan.scratch.n_bf16);
    if (plan.scratch.int8) text += " int8";
    text += "; ";
  }
  for (std::size_t i = 0; i < plan.products.size(); ++i) {
    text += (i > 0 ? "; " : "") + to_string(plan.products[i].launch);
  }
  if (plan.slice > 0) text += " slice " + std::to_string(plan.slice);
  return text;
}

}  // namespace rocmforge::gpu
