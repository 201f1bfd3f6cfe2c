// matmul for 1 to 8 rows: y = x W^T + bias, x [n, cols], W [rows, cols] in planes, y [n, outputs];
// outputs = rows, or half of it for SwiGLU, whose output o is silu(y[o]) * y[o + outputs].
//
// A wave takes two weight rows at a time (two outputs, or gate and up of one) against N rows of x,
// so that what it reads of x serves both; for one row of x without SwiGLU it takes one. Its lanes
// stride over the columns: units of 32 for quantized types (8 integer dots of 4 a row of x, then
// one multiply by the scales), of 8 for plain ones; a wave reads 512 contiguous bytes at once, and
// the next chunk is under way while one is used. Bound by reading W once. The activations are
// normalised and quantized into LDS by each workgroup, so workgroups are few and persistent; the
// first weights are under way meanwhile. Rows that LDS does not hold whole go slice by slice of
// their columns: all tiles of a workgroup by one slice, whose sums go to memory, then by the next,
// so that a slice is prepared once.
//
// Measured on an H200 (4.24 TB/s), share of the bound of reading W, n = 1: a head of [128256, 4096]
// Q4_0 81 %, Q8_0 93 %, F16 98 %; gate and up of [28672, 4096] Q4_0 62 %, Q8_0 74 %, F16 86 %; what
// is smaller is bound by the 6 to 8 us that a launch takes to its first products ([4096, 4096] Q4_0
// 24 %). n = 8: 45 % and 31 % of Q4_0, by preparing the rows and by the issue of integer dots.
// n = 8, a whole step of an 8B: F16 9.8 ms, 36 % of the bound of its 15.0 GB; Q8_0 4.9 ms, 38 % of
// 8.0 GB's. What slices cost by themselves was not measured.
#pragma once

#include "backend/gpu/device/math.h"
#include "backend/gpu/device/matmul_units.h"
#include "backend/gpu/device/step.h"

namespace rocmforge::gpu {

// Segments of several types in one kernel: of plain ones, of quantized ones, or of both.
template <bool kPlain, bool kQuant>
struct Mixed {
  static constexpr bool kSingle = false, kHalfScales = true;
  static constexpr bool kTakesF32 = kPlain, kTakesInt8 = kQuant;
};
using MixedPlain = Mixed<true, false>;
using MixedQuant = Mixed<false, true>;
using MixedAny = Mixed<true, true>;

// The segment of weight row `row`: of few, so looked for in order.
__device__ __inline__ SegmentArgs segment_with(const WeightArgs& w, i32 row) {
  i32 i = 0;
  while (i + 1 < w.n_segments && row >= w.segments[i].end) ++i;
  return w.segments[i];
}
// The piece that has tile `tile`.
__device__ __inline__ PieceArgs find_piece(const MatMulArgs& a, i32 tile) {
  i32 i = 0;
  while (i + 1 < a.n_pieces && tile >= a.pieces[i + 1].first) ++i;
  return a.pieces[i];
}

extern __shared__ __attribute__((aligned(16))) u8 matmul_lds[];

// R: the weight rows that a wave makes at a time, as the plan has it (MatMulPlan::rows_of_tile).
template <class A, class T, int N, int R>
struct FewRows {
  // Units of a row that are under way at a time.
  static constexpr int kChunk = N > 2 ? 1 : R == 1 ? 4 : 2;
  static constexpr i32 kStep = kChunk * A::kWave;
  static constexpr bool kHalfSums = T::kHalfScales;

  const MatMulArgs& a;
  float* factors;  // [N] in LDS
  float* squares;  // [N][kNormParts] in LDS
  Slice x;
  i32 n;  // rows of the step, at most N

  // Rows of the weight and what becomes of them: R outputs, or gate and up of one.
  struct Tile {
    i32 row[R];
    i32 output;  // of row[0]
    bool whole;  // row[1] is no repetition of row[0]
  };
  __device__ __inline__ bool gated() const { return a.epilogue == MatMulEpilogue::kSwiGlu; }
  __device__ __inline__ Tile find_tile(i32 tile) const {
    tile = min_of(tile, a.n_tiles - 1);
    if constexpr (R == 1) {
      return {{tile}, tile, true};
    } else {
      if (gated()) return {{tile, tile + a.outputs}, tile, true};
      const PieceArgs piece = find_piece(a, tile);
      const i32 o = piece.begin + R * (tile - piece.first);
      const bool whole = o + 1 < piece.end;
      return {{o, whole ? o + 1 : o}, o, whole};
    }
  }

  // ---- the activations

  __device__ __inline__ RowOfX row_of_x(i32 r) const {
    return {a.x + r * a.x_stride, a.gain, 1.0F, a.weight.cols,
            is_aligned(a.x, a.x_stride, a.weight.cols)};
  }
  __device__ __inline__ void find_factors() {
    const i32 wave = A::uniform(A::thread() / A::kWave), waves = a.threads / A::kWave;
    for (i32 job = wave; job < N * kNormParts; job += waves) {
      if (job / kNormParts >= n) break;
      const float sum = squares_of<A>(row_of_x(job / kNormParts), job % kNormParts);
      if (A::lane() == 0) squares[job] = sum;
    }
    A::barrier();
    if (A::thread() < n) {
      factors[A::thread()] = norm_factor(squares + A::thread() * kNormParts, a.weight.cols, a.eps);
    }
    A::barrier();
  }

  // Columns [begin, begin + x.cols) of all rows into LDS: each row by as many threads, 16 columns
  // a thread at a time. Rows past n are zeros.
  __device__ __inline__ void prepare(i32 begin) {
    const i32 each = a.threads / N, row = A::thread() / each;
    RowOfX from = row_of_x(row);
    if (a.gain != nullptr && row < n) from.factor = factors[row];
    if (row >= n) from.cols = 0;
#pragma unroll 1
    for (i32 base = 0; base < x.cols; base += 16 * each) {
      const i32 c = base + 16 * (A::thread() % each);
      const bool inside = c < x.cols;
      F32x4 v[4];
      from.normalised(begin + c, v);
      if constexpr (T::kTakesInt8) {
        const Int8Half half = quantize_half<A, kHalfSums>(v);
        if (inside) {
          i8* to = x.values + row * x.cols + c / 16 % 2 * (x.cols / 2) + c / 32 * 16;
          *reinterpret_cast<I32x4*>(to) = half.values;
          if (c % 32 == 0) x.scales[row * (x.cols / 32) + c / 32] = half.unit;
        }
      }
      if constexpr (T::kTakesF32) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          if (c + 4 * i < x.cols) {
            float* to = x.f32 + row * x.cols + i % 2 * (x.cols / 2) + (c + 4 * i) / 8 * 4;
            *reinterpret_cast<F32x4*>(to) = v[i];
          }
        }
      }
    }
  }

  // ---- the products

  __device__ __inline__ bool is_slice(i32 slice) const { return slice * a.slice < a.weight.cols; }
  __device__ __inline__ i32 units_of_slice(i32 slice) const {
    constexpr i32 kColumns = UnitOf<T>::kColumns;
    return (min_of(a.weight.cols - slice * a.slice, a.slice) + kColumns - 1) / kColumns;
  }
  // Where this lane's units of a tile begin, in a slice.
  __device__ __inline__ void point(i32 tile, i32 slice, PlaneRow (&rows)[R]) const {
    const Tile t = find_tile(tile);
    const i32 u = slice * (a.slice / UnitOf<T>::kColumns) + A::lane();
#pragma unroll
    for (int r = 0; r < R; ++r) {
      const SegmentArgs s = segment_with(a.weight, t.row[r]);
      rows[r] = at_unit<T>(row_in<T>(s, t.row[r] - s.begin, a.weight.cols), u);
    }
  }
  // Unit k * kWave of this lane's, if it is one of the `left` that the slice has from its first on.
  __device__ __inline__ void load_units(const PlaneRow (&rows)[R], int k, i32 left, i32 slice,
                                        Raw (&raw)[R]) const {
    if (left <= k * A::kWave) return;
    i32 cols = 8 * left;  // of a plain row, from its first unit on
    if ((slice + 1) * a.slice >= a.weight.cols) cols -= -a.weight.cols & 7;
#pragma unroll
    for (int r = 0; r < R; ++r) raw[r] = load_unit<T>(rows[r], k * A::kWave, cols);
  }

  // What this lane makes of a tile: output `o` of row `row` of x, of value r of the tile.
  static constexpr int kValues = R * N, kLanes = A::kWave / kValues;
  struct Mine {
    i32 row, r, o;
    bool is;
  };
  __device__ __inline__ Mine find_mine(i32 tile, const Tile& t) const {
    const i32 value = A::lane() / kLanes, r = value % R, row = value / R;
    return {row, r, gated() ? t.output : t.output + r,
            A::lane() % kLanes == 0 && row < n && tile < a.n_tiles &&
                (gated() ? r == 1 : r == 0 || t.whole)};
  }
  // Where this lane keeps a value's sum from slice to slice. No other lane reads it.
  __device__ __inline__ bool keeps(i32 tile) const {
    return A::lane() % kLanes == 0 && tile < a.n_tiles;
  }
  __device__ __inline__ float& kept(i32 tile) const {
    return a.sums[(i64)tile * kValues + A::lane() / kLanes];
  }
  // What a slice's sum is added to: that of the slices before, or the residual.
  __device__ __inline__ float begun(i32 tile, i32 slice) const {
    if (slice > 0) return keeps(tile) ? kept(tile) : 0.0F;
    if (a.epilogue != MatMulEpilogue::kAdd) return 0;
    const Mine mine = find_mine(tile, find_tile(tile));
    return mine.is ? a.residual[mine.row * a.residual_stride + mine.o] : 0.0F;
  }
  __device__ __inline__ void finish(i32 tile, bool last, const float (&acc)[R][N],
                                    float before) const {
    // Value n * R + r: those of a tile lie in lanes kLanes apart.
    float values[kValues];
#pragma unroll
    for (int i = 0; i < kValues; ++i) values[i] = acc[i % R][i / R];
    float y = sum_many<A, A::kWave>(values);
    if (!last) {
      if (keeps(tile)) kept(tile) = before + y;
      return;
    }
    const Tile t = find_tile(tile);
    const Mine mine = find_mine(tile, t);
    if (a.has_bias != 0) {
#pragma unroll
      for (int i = 0; i < R; ++i) {
        const SegmentArgs s = segment_with(a.weight, t.row[i]);
        if (mine.r == i && s.bias != nullptr) y += s.bias[t.row[i] - s.begin];
      }
    }
    y = before + y;
    if constexpr (R > 1) {
      if (gated()) {
        const float gate = bits_as<float>(A::template xor_lane<kLanes>(bits_as<i32>(y)));
        y = silu<A>(gate) * y;
      }
    }
    if (mine.is) a.y[(i64)mine.row * a.outputs + mine.o] = y;
  }

  __device__ __inline__ void clear(float (&acc)[R][N]) const {
#pragma unroll
    for (int r = 0; r < R; ++r) {
#pragma unroll
      for (int i = 0; i < N; ++i) acc[r][i] = 0;
    }
  }

  // One type: slice by slice, in each the units of one tile after the other.
  __device__ __inline__ void run_single() {
    const i32 waves = a.threads / A::kWave, stride = waves * a.grid.x;
    i32 tile = A::group_x() * waves + A::uniform(A::thread() / A::kWave);
    const i32 first = A::opaque(tile);  // scalar registers are few
    PlaneRow rows[R];
    point(tile, 0, rows);
    i32 slice = 0, prepared = -1;
    i32 left = units_of_slice(0) - A::lane();  // of this lane, and its chunk's first is one
    Raw raw[kChunk][R];
#pragma unroll
    for (int k = 0; k < kChunk; ++k) load_units(rows, k, left, 0, raw[k]);
    if (a.gain != nullptr) find_factors();
    float acc[R][N];
    clear(acc);
    i32 unit = A::lane(), rest = units_of_slice(0);  // of the slice, for lane 0
    while (is_slice(slice)) {
      if (slice != prepared) {
        A::barrier();  // the slice before is read
        prepare(slice * a.slice);
        A::barrier();
        prepared = slice;
      }
      // The next chunk: of these rows, or of the next tile or slice.
      i32 next_left = left - kStep;
      const i32 this_tile = tile;
      bool last = false;
      float before = 0;
      rest -= kStep;
      const bool more = rest > 0;
      if (more) {
#pragma unroll
        for (int r = 0; r < R; ++r) rows[r] = at_unit<T>(rows[r], kStep);
      } else {
        before = begun(tile, slice);
        last = !is_slice(slice + 1);
        tile += stride;
        if (tile >= a.n_tiles) {
          tile = A::uniform(first);  // perhaps no tile: every wave sees every slice
          ++slice;
        }
        point(tile, slice, rows);
        rest = units_of_slice(slice);
        next_left = is_slice(slice) && tile < a.n_tiles ? rest - A::lane() : 0;
      }
#pragma unroll
      for (int k = 0; k < kChunk; ++k) {
        // What was loaded is taken over before its registers are filled anew.
        Ready<T> ready[R];
#pragma unroll
        for (int r = 0; r < R; ++r) ready[r] = make_ready<A, T>(raw[k][r]);
        load_units(rows, k, next_left, slice, raw[k]);
        if (left > k * A::kWave) {
          dot_unit<A, T, kHalfSums, N, R>(ready, x, unit + k * A::kWave, acc);
        }
      }
      left = next_left;
      unit += kStep;
      if (more) continue;
      unit = A::lane();
      finish(this_tile, last, acc, before);
      clear(acc);
    }
  }

  // Types that change from row to row: a row at a time.
  template <class U>
  __device__ __inline__ void dot_row(const SegmentArgs& s, i32 row, i32 slice,
                                     float (&acc)[1][N]) const {
    constexpr i32 kColumns = UnitOf<U>::kColumns;
    const i32 width = min_of(a.weight.cols - slice * a.slice, a.slice);
    const i32 n_units = (width + kColumns - 1) / kColumns, before = slice * (a.slice / kColumns);
    const PlaneRow at = at_unit<U>(row_in<U>(s, row - s.begin, a.weight.cols), before);
    // Of all types at once the compiler would hold too much.
    constexpr bool kWide = UnitOf<U>::kWide || (N == 4 && T::kTakesF32 && T::kTakesInt8);
    constexpr int kAhead = N == 8 || kWide ? 1 : 2;
    for (i32 base = A::lane(); base < n_units; base += kAhead * A::kWave) {
      Raw raw[kAhead][1];
#pragma unroll
      for (int k = 0; k < kAhead; ++k) {
        const i32 u = base + k * A::kWave;
        if (u < n_units) raw[k][0] = load_unit<U>(at, u, width);
      }
#pragma unroll
      for (int k = 0; k < kAhead; ++k) {
        const i32 u = base + k * A::kWave;
        if (u < n_units) {
          const Ready<U> ready[1] = {make_ready<A, U>(raw[k][0])};
          dot_unit<A, U, kHalfSums, N, 1>(ready, x, u, acc);
        }
      }
    }
  }
  __device__ __inline__ void run_mixed() {
    const i32 waves = a.threads / A::kWave, stride = waves * a.grid.x;
    const i32 first = A::group_x() * waves + A::uniform(A::thread() / A::kWave);
    if (a.gain != nullptr) find_factors();
    i32 tile = first, prepared = -1;
    for (i32 slice = 0; is_slice(slice);) {
      if (slice != prepared) {
        A::barrier();  // the slice before is read
        prepare(slice * a.slice);
        A::barrier();
        prepared = slice;
      }
      mix(tile, slice);
      tile += stride;
      if (tile >= a.n_tiles) {
        tile = first;
        ++slice;
      }
    }
  }
  __device__ __inline__ void mix(i32 tile, i32 slice) const {
    const Tile t = find_tile(tile);
    float acc[R][N];
    clear(acc);
#pragma unroll 1
    for (int r = 0; r < R; ++r) {
      const i32 row = r == 0 ? t.row[0] : t.row[R - 1];
      const SegmentArgs s = segment_with(a.weight, row);
      float one[1][N];
#pragma unroll
      for (int i = 0; i < N; ++i) one[0][i] = 0;
      with_type(s.type, [&](auto type) RF_INLINE {
        using U = decltype(type);
        if constexpr (U::kQuantized ? T::kTakesInt8 : T::kTakesF32) {
          dot_row<U>(s, row, slice, one);
        }
      });
#pragma unroll
      for (int i = 0; i < N; ++i) (r == 0 ? acc[0][i] : acc[R - 1][i]) = one[0][i];
    }
    finish(tile, !is_slice(slice + 1), acc, begun(tile, slice));
  }
};

// R: 2; or 1, of one row of x and one type without SwiGLU.
template <class A, class T, int N, int R = 2>
__device__ __inline__ void matmul_few(const MatMulArgs& a) {
  __shared__ float factors[N];
  __shared__ float squares[N * kNormParts];
  const i32 cols = min_of((a.weight.cols + 7) / 8 * 8, a.slice);
  const i32 f32_bytes = T::kTakesF32 ? 4 * N * cols : 0;
  const i32 int8_bytes = T::kTakesInt8 ? N * cols : 0;
  const Slice x{reinterpret_cast<float*>(matmul_lds), reinterpret_cast<i8*>(matmul_lds + f32_bytes),
                reinterpret_cast<UnitScale*>(matmul_lds + f32_bytes + int8_bytes), cols};
  const i32 n = min_of(n_rows(a.rows), N);
  FewRows<A, T, N, R> few{a, factors, squares, x, n};
  if constexpr (T::kSingle) {
    few.run_single();
  } else {
    few.run_mixed();
  }
}

}  // namespace rocmforge::gpu
