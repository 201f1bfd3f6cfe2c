// What the matrix-unit kernels of paged attention share: tasks, queries, the running softmax of 16
// queries in registers, and how splits are combined. See attention_few.h and attention_many.h.
//
// Queries are rounded to F16 after each was scaled by a power of two, so that its largest dimension
// lies in [1, 2): none overflows. The scale of its scores makes that good, in F32, and is in units
// of log2, so that weights are powers of two. Weights are rounded to F16 for the product with V.
#pragma once

#include "backend/gpu/device/kv.h"
#include "backend/gpu/device/reduce.h"
#include "backend/gpu/ops/paged_attention_args.h"

namespace rocmforge::gpu {

using Piece = u32 __attribute__((ext_vector_type(4)));  // 8 F16
using FourFloats = float __attribute__((ext_vector_type(4)));
using TwoFloats = float __attribute__((ext_vector_type(2)));

inline constexpr i32 kSeesAll = 0x7fffffff;

// A tile of queries, [rows][heads], of one work item and one KV head.
struct AttentionTask {
  WorkItemArgs item;
  i32 kv_head;
  i32 first_head, heads;  // within the group
  i32 first_row, rows;    // within the item
  __device__ __inline__ i32 n() const { return rows * heads; }
};

// kDim: head_dim, 64, 96 or 128. kQueries: of a tile at most.
template <class A, int kDim, int kQueries>
struct AttentionTile {
  using F = typename A::Attention;
  using Mma = typename A::F16;
  using Fragment = typename Mma::Fragment;
  using Sum = typename Mma::Sum;
  static constexpr int kSum = Mma::kPerLane;
  static constexpr int kSteps = kDim / 32;  // of 32 dimensions
  static constexpr int kTiles = kDim / 16;  // of 16 dimensions
  // Dimensions that one column of values has side by side: tile j holds dimension kRun c + j of
  // column c, where tiles are not in order (see attention_many.h).
  static constexpr int kRun = kTiles;
  static constexpr int kQueryStride = kDim + 8;  // of rows of queries in LDS

  struct QueryLds {
    float scale[kQueries];
    i32 end[kQueries];  // one past the last position that a query sees, not before kv_begin
  };
  struct Keys {
    Piece at[kSteps][F::kPieces];
  };
  struct Queries {
    Fragment at[kSteps][2];
  };
  // The running softmax of 16 queries.
  struct State {
    Sum o[kTiles];
    float max[F::kQueries], sum[F::kQueries];  // the sum: of this lane's scores
    float scale[F::kQueries];
    i32 end[F::kQueries];
  };

  const PagedAttentionArgs& a;
  Step step;
  // Set for each tile anew, unknown to the compiler: else what follows from it is computed once for
  // all tiles, and kept in registers that the products need.
  i32 lane;

  __device__ __inline__ i32 group() const { return a.n_heads / a.kv.n_kv_heads; }
  // Tiles are whole rows of a group, or parts of one row where the group is larger than a tile.
  __device__ __inline__ i32 tile_rows() const { return max_of(1, kQueries / group()); }
  __device__ __inline__ i32 tile_heads() const { return min_of(kQueries, group()); }
  __device__ __inline__ i32 head_tiles() const {
    return (group() + tile_heads() - 1) / tile_heads();
  }
  __device__ __inline__ i32 n_tasks() const {
    return step.header().n_work * a.kv.n_kv_heads * head_tiles();
  }
  // The task's first tile of rows; the others follow by next_rows.
  __device__ __inline__ AttentionTask task(i32 number) const {
    AttentionTask t;
    t.kv_head = number % a.kv.n_kv_heads;
    number /= a.kv.n_kv_heads;
    t.first_head = number % head_tiles() * tile_heads();
    const WorkItemArgs& w = step.work()[number / head_tiles()];
    t.item = {A::uniform(w.sequence), A::uniform(w.row_begin), A::uniform(w.n_rows),
              A::uniform(w.kv_begin), A::uniform(w.kv_end),    A::uniform(w.n_splits),
              A::uniform(w.split),    A::uniform(w.partial),   A::uniform(w.sequence_rows)};
    t.heads = min_of(tile_heads(), group() - t.first_head);
    t.first_row = 0;
    t.rows = min_of(tile_rows(), t.item.n_rows);
    return t;
  }
  __device__ __inline__ bool next_rows(AttentionTask& t) const {
    t.first_row += t.rows;
    t.rows = min_of(tile_rows(), t.item.n_rows - t.first_row);
    return t.rows > 0;
  }

  // The step's row and the head of query i.
  __device__ __inline__ i32 row_of(const AttentionTask& t, i32 i) const {
    return t.item.row_begin + t.first_row + i / t.heads;
  }
  __device__ __inline__ i32 head_of(const AttentionTask& t, i32 i) const {
    return t.kv_head * group() + t.first_head + i % t.heads;
  }
  __device__ __inline__ float* partial(const AttentionTask& t, i32 i, i32 split) const {
    const i64 slot = t.item.partial + (i64)split * t.item.n_rows + t.first_row + i / t.heads;
    return a.partials + (slot * a.n_heads + head_of(t, i)) * (kPartialHead + kDim);
  }
  // K or V of one head's 16 positions of a block, [16][kDim].
  __device__ __inline__ const f16* vectors(const AttentionTask& t, i32 block, KvSide side) const {
    const i64 at = ((i64)block * 2 + side) * a.kv.n_kv_heads + t.kv_head;
    return static_cast<const f16*>(a.kv.layer) + at * (kKvBlockTokens * kDim);
  }
  __device__ __inline__ float* result(const AttentionTask& t, i32 i) const {
    return a.y + ((i64)row_of(t, i) * a.n_heads + head_of(t, i)) * kDim;
  }

  // ---- queries

  // A wave puts query i at `to`; a query past the last is 0 and sees everything.
  __device__ __inline__ void load_query(const AttentionTask& t, i32 i, f16* to, float& scale,
                                        i32& end) const {
    constexpr int kEach = (kDim + A::kWave - 1) / A::kWave;
    float x[kEach];
    float largest = 0;
    const bool there = i < t.n();
    const i32 row = there ? row_of(t, i) : 0;
    const NormedHead q = normed_head<A>(
        a.q_norm, a.q + row * a.q_stride + (there ? head_of(t, i) : 0) * kDim, kDim, lane);
#pragma unroll
    for (int e = 0; e < kEach; ++e) {
      const i32 at = lane + e * A::kWave;
      x[e] = 0;
      if (there && at < kDim) {
        x[e] = head_element(a.rope, q, step.rope_row(row), at);
      }
      largest = max_of(largest, __builtin_fabsf(x[e]));
    }
    largest = max_lanes<A, A::kWave>(largest);
    // 2^e of the largest, away from where its inverse would not be normal.
    const i32 exponent = min_of(max_of((i32)(bits_as<u32>(largest) >> 23), 1), 253);
    float inverse = bits_as<float>((254 - exponent) << 23);
    if (a.scale < 0) inverse = -inverse;
#pragma unroll
    for (int e = 0; e < kEach; ++e) {
      const i32 at = lane + e * A::kWave;
      if (at < kDim) to[at] = (f16)(x[e] * inverse);
    }
    if (lane != 0) return;
    constexpr float kLog2e = 0x1.715476p+0F;
    const float magnitude = bits_as<float>(exponent << 23);
    scale = there ? __builtin_fabsf(a.scale) * kLog2e * magnitude : 1.0F;
    end = there ? max_of(t.item.kv_begin, min_of(t.item.kv_end, step.positions()[row] + 1))
                : kSeesAll;
  }

  // Fragments of 16 vectors of kDim, `stride` apart; step of them.
  __device__ static __inline__ void fragments_of(const Piece (&pieces)[F::kPieces],
                                                 Fragment (&out)[2]) {
#pragma unroll
    for (int f = 0; f < 2; ++f) {
      u32 words[F::kWords];
#pragma unroll
      for (int w = 0; w < F::kWords; ++w) {
        words[w] = pieces[F::word_piece(f, w)][F::word_at(f, w)];
      }
      out[f] = __builtin_bit_cast(Fragment, words);
    }
  }
  __device__ __inline__ void load_rows(const f16* at, i32 stride, i32 s, Fragment (&out)[2]) const {
    Piece pieces[F::kPieces];
#pragma unroll
    for (int p = 0; p < F::kPieces; ++p) {
      const f16* from = at + F::piece_row(lane, p) * stride + 32 * s + 8 * F::piece_at(lane, p);
      pieces[p] = *reinterpret_cast<const Piece*>(from);
    }
    fragments_of(pieces, out);
  }
  __device__ __inline__ void load_queries(const f16* at, Queries& q) const {
#pragma unroll
    for (int s = 0; s < kSteps; ++s) load_rows(at, kQueryStride, s, q.at[s]);
  }

  // Queries [first, first + 16) of the tile.
  __device__ __inline__ void start(State& state, const QueryLds& lds, i32 first) const {
#pragma unroll
    for (int t = 0; t < kTiles; ++t) {
      for (int i = 0; i < kSum; ++i) state.o[t][i] = 0;
    }
#pragma unroll
    for (int s = 0; s < F::kQueries; ++s) {
      state.max[s] = -kInfinity;
      state.sum[s] = 0;
      state.scale[s] = lds.scale[first + F::query(lane, s)];
      state.end[s] = lds.end[first + F::query(lane, s)];
    }
  }

  // ---- the running softmax

  template <class Op>
  __device__ static __inline__ float over_shares(float x, Op op) {
    if constexpr (F::kShareLow != 0) {
      x = op(x, bits_as<float>(A::template xor_lane<F::kShareLow>(bits_as<i32>(x))));
    }
    if constexpr (F::kShareHigh != 0) {
      x = op(x, bits_as<float>(A::template xor_lane<F::kShareHigh>(bits_as<i32>(x))));
    }
    return x;
  }
  __device__ static __inline__ void sum_shares(State& state) {
#pragma unroll
    for (int s = 0; s < F::kQueries; ++s) {
      state.sum[s] = over_shares(state.sum[s], [](float x, float y) { return x + y; });
    }
  }

  // Of scores of 16 kBlocks tokens from position `begin` on, those outside [kv_begin, end) are
  // none.
  template <int kBlocks>
  __device__ __inline__ void mask(const State& state, Sum (&s)[kBlocks], i32 begin,
                                  i32 kv_begin) const {
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int i = 0; i < kSum; ++i) {
        const i32 position = begin - kv_begin + 16 * b + F::other(lane, i);
        const i32 n = state.end[F::slot(i)] - kv_begin;
        s[b][i] = (u32)position < (u32)n ? s[b][i] : -kInfinity;
      }
    }
  }

  // Scores become weights; what was summed before follows where a maximum grows.
  template <int kBlocks>
  __device__ static __inline__ void weigh(State& state, Sum (&s)[kBlocks]) {
    float largest[F::kQueries];
#pragma unroll
    for (int q = 0; q < F::kQueries; ++q) largest[q] = -kInfinity;
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int i = 0; i < kSum; ++i) {
        largest[F::slot(i)] = max_of(largest[F::slot(i)], s[b][i]);
      }
    }
    bool grows = false;
    float next[F::kQueries];
#pragma unroll
    for (int q = 0; q < F::kQueries; ++q) {
      const float x =
          state.scale[q] * over_shares(largest[q], [](float m, float n) { return max_of(m, n); });
      next[q] = max_of(state.max[q], x);
      grows = grows || next[q] > state.max[q];
    }
    if (A::any(grows)) {
      float factor[F::kQueries];
#pragma unroll
      for (int q = 0; q < F::kQueries; ++q) {
        factor[q] = A::exp2_normal(state.max[q] - shift_of(next[q]));
        state.max[q] = next[q];
        state.sum[q] *= factor[q];
      }
#pragma unroll
      for (int t = 0; t < kTiles; ++t) {
#pragma unroll
        for (int i = 0; i < kSum; ++i) state.o[t][i] *= factor[F::slot(i)];
      }
    }
#pragma unroll
    for (int q = 0; q < F::kQueries; ++q) next[q] = shift_of(state.max[q]);
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int i = 0; i < kSum; ++i) {
        const int q = F::slot(i);
        const float x = A::exp2_normal(__builtin_fmaf(s[b][i], state.scale[q], -next[q]));
        s[b][i] = x;
        state.sum[q] += x;
      }
    }
  }
  // What is taken off before the power: 0 where nothing was seen so far, so that 0 comes out.
  __device__ static __inline__ float shift_of(float max) { return max > -kInfinity ? max : 0.0F; }

  // ---- results

  // Splits of one tile count up its ticket; who brings the last finds all the others' results.
  __device__ __inline__ bool is_last_split(const AttentionTask& t, i32& is_last) const {
    const i64 slot = (i64)(t.item.partial + t.first_row) * a.kv.n_kv_heads + t.kv_head;
    // The same places for items of few and of many rows.
    i32* ticket =
        a.tickets + slot * ((group() + kFewQueries - 1) / kFewQueries) + t.first_head / kFewQueries;
    A::fence_device();
    A::barrier();
    if (A::thread() == 0) {
      is_last = A::atomic_add(ticket, 1) == t.item.n_splits - 1 ? 1 : 0;
    }
    A::barrier();
    if (is_last == 0) return false;
    A::fence_device();
    if (A::thread() == 0) A::atomic_add(ticket, -t.item.n_splits);
    return true;
  }

  // A wave combines query i: lanes over the splits for maximum and sum, over dimensions for values.
  __device__ __inline__ void combine(const AttentionTask& t, i32 i) const {
    const i32 n = t.item.n_splits;
    const float* first = partial(t, i, 0);
    const i64 next = (i64)t.item.n_rows * a.n_heads * (kPartialHead + kDim);
    float largest = -kInfinity;
    for (i32 s = lane; s < n; s += A::kWave) largest = max_of(largest, first[s * next]);
    largest = shift_of(max_lanes<A, A::kWave>(largest));
    float sum = 0;
    for (i32 s = lane; s < n; s += A::kWave) {
      sum += A::exp2_normal(first[s * next] - largest) * first[s * next + 1];
    }
    sum = sum_lanes<A, A::kWave>(sum);
    for (i32 dim = 4 * lane; dim < kDim; dim += 4 * A::kWave) {
      FourFloats y = {0, 0, 0, 0};
#pragma unroll 8
      for (i32 s = 0; s < n; ++s) {
        const float* from = first + s * next;
        const float factor =
            A::exp2_normal(from[0] - largest);  // 0 where it sees none of the split
        const FourFloats v = *reinterpret_cast<const FourFloats*>(from + kPartialHead + dim);
#pragma unroll
        for (int e = 0; e < 4; ++e) y[e] = __builtin_fmaf(factor, v[e], y[e]);
      }
      *reinterpret_cast<FourFloats*>(result(t, i) + dim) = y / sum;
    }
  }
};

}  // namespace rocmforge::gpu
