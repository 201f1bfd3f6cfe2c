// paged_attention: softmax(scale q K^T) V by causal position over a work list. q [n, n_heads * d],
// K and V in blocks of 16 positions -> y [n, n_heads * d]; q and k are normalised by heads and
// rotated first where there are norms and rope. Bound by reading K and V for few rows, by the
// products for many: they are done here without matrix units.
//
// A task is a work item, a KV head and up to kTileQueries queries that share it: rows of the item
// times heads of the group. A workgroup passes over the item's positions kTileTokens at a time,
// with a running maximum and sum (arXiv:2205.14135): a thread a position for the scores, a thread a
// dimension for the weighted values. Items of the same rows (splits) leave partial results; the
// workgroup that finishes last, by an atomic ticket, combines them and resets the ticket.
//
// With write_kv every workgroup first stores the step's keys and values of its own head and range
// of positions, and so needs to wait for no other; those that store the same vector store the same
// bits. For steps of few rows.
#pragma once

#include "backend/gpu/device/math.h"
#include "backend/gpu/device/new_kv.h"
#include "backend/gpu/device/reduce.h"

namespace rocmforge::gpu {

inline constexpr int kAttentionThreads = 128;
inline constexpr int kTileTokens = kAttentionThreads;

// kMaxDim: the greatest head_dim, a multiple of the threads.
template <class A, class T, int kMaxDim>
struct PagedAttention {
  static constexpr int kTile = kPagedAttentionTile;  // queries
  static constexpr int kThreads = kAttentionThreads;
  static constexpr int kDims = kMaxDim / kThreads;  // of a thread

  struct Lds {
    float q[kTile][kMaxDim];
    float weights[kTile][kTileTokens];  // scores, then weights
    float max[kTile], sum[kTile], factor[kTile];
    i32 end[kTile];  // one past the last position that a query sees
    i32 is_last;
  };

  // What a task is.
  struct Task {
    WorkItemArgs item;
    i32 kv_head;
    i32 first_row, first_head;  // of the tile: within the item, within the group
    i32 rows, heads;            // queries are [rows][heads]
    i32 head_tile;
    __device__ __inline__ i32 n() const { return rows * heads; }
  };

  const PagedAttentionArgs& a;
  Lds& lds;
  Step step;

  __device__ __inline__ i32 group() const { return a.n_heads / a.kv.n_kv_heads; }
  // Tiles are whole rows of a group, or parts of one row where the group is larger than a tile.
  __device__ __inline__ i32 tile_rows() const { return max_of(1, kTile / group()); }
  __device__ __inline__ i32 tile_heads() const { return min_of(kTile, group()); }
  __device__ __inline__ i32 head_tiles() const {
    return (group() + tile_heads() - 1) / tile_heads();
  }
  __device__ __inline__ i32 tasks_of(const WorkItemArgs& item) const {
    return (item.n_rows + tile_rows() - 1) / tile_rows() * head_tiles() * a.kv.n_kv_heads;
  }

  // The step's row and the head of query i of a task.
  __device__ __inline__ i32 row_of(const Task& t, i32 i) const {
    return t.item.row_begin + t.first_row + i / t.heads;
  }
  __device__ __inline__ i32 head_of(const Task& t, i32 i) const {
    return t.kv_head * group() + t.first_head + i % t.heads;
  }

  __device__ __inline__ void run() {
    const i32 n_work = step.header().n_work;
    i32 begin = 0;  // task number of the item's first
    for (i32 w = 0; w < n_work; ++w) {
      const WorkItemArgs item = step.work()[w];
      const i32 n = tasks_of(item);
      // The first task of this item that is this workgroup's.
      i32 mine = (A::group_x() - begin) % a.grid.x;
      if (mine < 0) mine += a.grid.x;
      for (; mine < n; mine += a.grid.x) run_task(task_of(item, mine));
      begin += n;
    }
  }

  __device__ __inline__ Task task_of(const WorkItemArgs& item, i32 number) const {
    Task t;
    t.item = item;
    t.kv_head = number % a.kv.n_kv_heads;
    number /= a.kv.n_kv_heads;
    t.head_tile = number % head_tiles();
    t.first_row = number / head_tiles() * tile_rows();
    t.first_head = t.head_tile * tile_heads();
    t.rows = min_of(tile_rows(), item.n_rows - t.first_row);
    t.heads = min_of(tile_heads(), group() - t.first_head);
    return t;
  }

  __device__ __inline__ void run_task(const Task& t) {
    A::barrier();  // the task before is done with the LDS
    if (a.write_kv != 0) store_new_kv<A, T, kThreads>(a, step, t.item, t.kv_head, a.kv.head_dim);
    load_queries(t);
    A::barrier();
    i32 last = 0;
    for (i32 i = 0; i < t.n(); ++i) last = max_of(last, lds.end[i]);
    const i32* table = step.block_table(t.item.sequence);
    float acc[kTile][kDims];
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < kDims; ++j) acc[i][j] = 0;
    }
    for (i32 begin = t.item.kv_begin; begin < last; begin += kTileTokens) {
      const i32 n = min_of(kTileTokens, last - begin);
      score(t, table, begin, n);
      A::barrier();
      weigh();
      A::barrier();
      add_values(t, table, begin, n, acc);
      A::barrier();
    }
    finish(t, acc);
  }

  __device__ __inline__ void load_queries(const Task& t) {
    const i32 d = a.kv.head_dim;
    for (i32 i = 0; i < kTile; ++i) {  // those past the last are 0 and see nothing
      if (i >= t.n()) {
        for (i32 j = A::thread(); j < d; j += kThreads) lds.q[i][j] = 0;
        continue;
      }
      const i32 row = row_of(t, i);
      const NormedHead q =
          normed_head<A>(a.q_norm, a.q + row * a.q_stride + head_of(t, i) * d, d, A::lane());
      for (i32 j = A::thread(); j < d; j += kThreads) {
        lds.q[i][j] = a.scale * head_element(a.rope, q, step.rope_row(row), j);
      }
    }
    const i32 i = A::thread();
    if (i < kTile) {
      lds.max[i] = -kInfinity;
      lds.sum[i] = 0;
      lds.end[i] = i < t.n() ? min_of(t.item.kv_end, step.positions()[row_of(t, i)] + 1) : 0;
    }
  }

  // Scores of positions [begin, begin + n), -inf where a query does not see one.
  __device__ __inline__ void score(const Task& t, const i32* table, i32 begin, i32 n) {
    const i32 thread = A::thread(), position = begin + thread;
    float s[kTile];
    for (int i = 0; i < kTile; ++i) s[i] = 0;
    if (thread < n) {
      const T* k = kv_at_position<T>(a.kv, table, position, kKeys, t.kv_head);
      const i32 d = a.kv.head_dim, whole = d / 8 * 8;
      for (i32 j = 0; j < whole; j += 8) {
        float x[8];
        load_eight(k + j, x);
#pragma unroll
        for (int i = 0; i < kTile; ++i) {
#pragma unroll
          for (int e = 0; e < 8; ++e) s[i] = __builtin_fmaf(lds.q[i][j + e], x[e], s[i]);
        }
      }
      for (i32 j = whole; j < d; ++j) {
        const float x = (float)k[j];
        for (int i = 0; i < kTile; ++i) s[i] = __builtin_fmaf(lds.q[i][j], x, s[i]);
      }
    }
#pragma unroll
    for (int i = 0; i < kTile; ++i) {
      lds.weights[i][thread] = thread < n && position < lds.end[i] ? s[i] : -kInfinity;
    }
  }

  __device__ static __inline__ void load_eight(const T* at, float* x) {
    struct __attribute__((packed, aligned(sizeof(T)))) Eight {
      T x[8];
    };
    const Eight eight = *reinterpret_cast<const Eight*>(at);
    for (int e = 0; e < 8; ++e) x[e] = (float)eight.x[e];
  }

  // Scores become weights, and each query's maximum and sum follow: a wave a query.
  __device__ __inline__ void weigh() {
    constexpr int kWaves = kThreads / A::kWave, kEach = kTileTokens / A::kWave;
    const i32 lane = A::lane();
    for (i32 i = A::thread() / A::kWave; i < kTile; i += kWaves) {
      float s[kEach];
      float largest = -kInfinity;
#pragma unroll
      for (int e = 0; e < kEach; ++e) {
        s[e] = lds.weights[i][lane + e * A::kWave];
        largest = max_of(largest, s[e]);
      }
      // Lane 0 alone reads what lane 0 alone writes below.
      const float before = lane == 0 ? lds.max[i] : -kInfinity;
      largest = max_lanes<A, A::kWave>(max_of(before, largest));
      const bool sees = largest > -kInfinity;  // nothing so far: all weights are 0
      float sum = 0;
#pragma unroll
      for (int e = 0; e < kEach; ++e) {
        s[e] = sees ? exp<A>(s[e] - largest) : 0.0F;
        sum += s[e];
        lds.weights[i][lane + e * A::kWave] = s[e];
      }
      sum = sum_lanes<A, A::kWave>(sum);
      if (lane != 0) continue;
      const float factor = sees ? exp<A>(before - largest) : 1.0F;
      lds.factor[i] = factor;
      lds.sum[i] = lds.sum[i] * factor + sum;
      lds.max[i] = largest;
    }
  }

  __device__ __inline__ void add_values(const Task& t, const i32* table, i32 begin, i32 n,
                                        float (&acc)[kTile][kDims]) {
    const i32 d = a.kv.head_dim;
#pragma unroll
    for (int i = 0; i < kTile; ++i) {
      const float factor = lds.factor[i];
#pragma unroll
      for (int j = 0; j < kDims; ++j) acc[i][j] *= factor;
    }
    for (i32 p = 0; p < n; ++p) {
      const T* v = kv_at_position<T>(a.kv, table, begin + p, kValues, t.kv_head);
#pragma unroll
      for (int j = 0; j < kDims; ++j) {
        const i32 dim = A::thread() + j * kThreads;
        const float x = dim < d ? (float)v[dim] : 0.0F;
#pragma unroll
        for (int i = 0; i < kTile; ++i) acc[i][j] = __builtin_fmaf(lds.weights[i][p], x, acc[i][j]);
      }
    }
  }

  __device__ __inline__ float* partial(const Task& t, i32 i, i32 split) const {
    const i64 slot = t.item.partial + (i64)split * t.item.n_rows + t.first_row + i / t.heads;
    return a.partials + (slot * a.n_heads + head_of(t, i)) * (2 + a.kv.head_dim);
  }
  __device__ __inline__ float* result(const Task& t, i32 i) const {
    const i32 d = a.kv.head_dim;
    return a.y + (i64)row_of(t, i) * a.n_heads * d + head_of(t, i) * d;
  }

  __device__ __inline__ void finish(const Task& t, const float (&acc)[kTile][kDims]) {
    const i32 d = a.kv.head_dim;
    const bool alone = t.item.n_splits == 1;
// By way of the queries' place, so that the loop over queries need not be unrolled.
#pragma unroll
    for (int i = 0; i < kTile; ++i) {
#pragma unroll
      for (int j = 0; j < kDims; ++j) lds.q[i][A::thread() + j * kThreads] = acc[i][j];
    }
#pragma unroll 1
    for (i32 i = 0; i < t.n(); ++i) {
      float* to = alone ? result(t, i) : partial(t, i, t.item.split) + 2;
      const float factor = alone ? 1.0F / lds.sum[i] : 1.0F;
      for (i32 dim = A::thread(); dim < d; dim += kThreads) to[dim] = lds.q[i][dim] * factor;
    }
    if (alone) return;
    const i32 i = A::thread();
    if (i < t.n()) {
      float* to = partial(t, i, t.item.split);
      to[0] = lds.max[i];
      to[1] = lds.sum[i];
    }
    combine_if_last(t);
  }

  // Splits of one tile count up its ticket; who brings the last finds all the others' results.
  __device__ __inline__ void combine_if_last(const Task& t) {
    const i64 slot = (i64)(t.item.partial + t.first_row) * a.kv.n_kv_heads + t.kv_head;
    i32* ticket = a.tickets + slot * head_tiles() + t.head_tile;
    A::fence_device();
    A::barrier();
    if (A::thread() == 0) {
      lds.is_last = A::atomic_add(ticket, 1) == t.item.n_splits - 1 ? 1 : 0;
    }
    A::barrier();
    if (lds.is_last == 0) return;
    A::fence_device();
    for (i32 i = 0; i < t.n(); ++i) combine(t, i);
    if (A::thread() == 0) A::atomic_add(ticket, -t.item.n_splits);
  }

  __device__ __inline__ void combine(const Task& t, i32 i) {
    const i32 d = a.kv.head_dim;
    float largest = -kInfinity;
    for (i32 s = 0; s < t.item.n_splits; ++s) largest = max_of(largest, partial(t, i, s)[0]);
    for (i32 dim = A::thread(); dim < d; dim += kThreads) {
      float sum = 0, y = 0;
      for (i32 s = 0; s < t.item.n_splits; ++s) {
        const float* from = partial(t, i, s);
        const float factor = exp<A>(from[0] - largest);  // 0 where the row sees none of the split
        sum = __builtin_fmaf(factor, from[1], sum);
        y = __builtin_fmaf(factor, from[2 + dim], y);
      }
      result(t, i)[dim] = y / sum;
    }
  }
};

template <class A, class T, int kMaxDim>
__device__ __inline__ void paged_attention(const PagedAttentionArgs& a) {
  __shared__ typename PagedAttention<A, T, kMaxDim>::Lds lds;
  PagedAttention<A, T, kMaxDim>{a, lds, Step{a.step}}.run();
}

}  // namespace rocmforge::gpu
