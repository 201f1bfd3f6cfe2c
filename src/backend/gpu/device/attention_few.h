// paged_attention_few_f16_<head_dim>: y = softmax(scale q K^T) V for work items of sequences
// with at most kFewRows rows in the step, by matrix units. q [n, n_heads * d], K and V F16 in
// blocks of 16 positions -> y [n, n_heads * d]; q and k are normalised by heads and rotated first
// where there are norms and rope.
//
// A task is a work item, a KV head and up to 16 queries that share it: rows of the item times heads
// of the group. Each wave of the workgroup takes every kWaves-th block of the item's positions
// straight from memory into the operands of the matrix units (16-byte loads, nothing staged), with
// a running softmax of its own; the next block's keys are under way while this block's values are
// used. At the end the waves' sums are joined, and, by an atomic ticket, the splits'.
//
// With write_kv every workgroup first stores the step's keys and values of its own head and range
// of positions, and so needs to wait for no other; those that store the same vector store the same
// bits.
//
// Bound by reading K and V once: 4 d bytes a position and KV head. On an H200 (4.24 TB/s), 32 heads
// of 128 dimensions over 8 KV heads: 8 sequences of 16384 positions in splits of 2048 read 3.9
// TB/s, one in splits of 512 2.4 TB/s (28 us), one of 512 in splits of 128 takes 11 us: what a task
// takes besides reading, some 9 us of one wait after another, is what is lost.
#pragma once

#include "backend/gpu/device/attention_tile.h"
#include "backend/gpu/device/new_kv.h"

namespace rocmforge::gpu {

inline constexpr int kFewThreads = 128;

template <class A, int kDim>
struct AttentionFew : AttentionTile<A, kDim, kFewQueries> {
  using Tile = AttentionTile<A, kDim, kFewQueries>;
  using Task = AttentionTask;
  using F = typename Tile::F;
  using Fragment = typename Tile::Fragment;
  using Sum = typename Tile::Sum;
  using State = typename Tile::State;
  using Keys = typename Tile::Keys;
  using Queries = typename Tile::Queries;
  using Tile::a;
  using Tile::kRun;
  using Tile::kSteps;
  using Tile::kSum;
  using Tile::kTiles;
  using Tile::lane;
  using Tile::step;
  static constexpr int kWaves = kFewThreads / A::kWave;
  // Registers of a block's keys, and of the queries. Where operands repeat, these are too many for
  // the queries to stay in registers, and for the next block's keys to come early.
  static constexpr int kOperandWords = kSteps * 2 * F::kWords;
  static constexpr bool kQueriesStay = kOperandWords <= 32;
  static constexpr bool kEarlyKeys = kOperandWords <= 48;
  static constexpr int kJoin = kTiles % 4 == 0 ? 4 : 2;  // tiles of a wave that are joined at once
  static constexpr int kJoinStride = 16 * kJoin + 4;
  using Joined = float __attribute__((ext_vector_type(kJoin)));

  struct Lds {
    union {
      alignas(16) f16 q[kFewQueries * Tile::kQueryStride];
      alignas(16) float o[kWaves][kFewQueries][kJoinStride];
    };
    float max[kWaves][kFewQueries], sum[kWaves][kFewQueries];
    typename Tile::QueryLds query;
    i32 is_last;
  };
  // Values of 16 tokens: for each column, kRun dimensions of each of its tokens.
  using Run = u32 __attribute__((ext_vector_type(kRun / 2)));
  struct Values {
    Run at[F::kColumns][F::kTokens];
  };

  Lds& lds;

  __device__ __inline__ void run() {
    const i32 n = Tile::n_tasks();
#pragma unroll 1
    for (i32 number = A::group_x(); number < n; number += a.grid.x) {
      Task t = Tile::task(number);
      if (t.item.sequence_rows > kFewRows) continue;
      A::barrier();  // the task before is done with the LDS
      if (a.write_kv != 0) {
        store_new_kv<A, f16, kFewThreads>(a, step, t.item, t.kv_head, kDim);
        A::barrier();
      }
      do {
        run_tile(t);
      } while (Tile::next_rows(t));
    }
  }

  __device__ __inline__ void run_tile(const Task& t) {
    lane = A::opaque(A::lane());
    const i32 wave = A::uniform(A::thread() / A::kWave);
    // Rows are in the order of their positions.
    const i32 last_row = t.item.row_begin + t.first_row + t.rows - 1;
    const i32 last = A::uniform(min_of(t.item.kv_end, step.positions()[last_row] + 1));
    const i32* table = step.block_table(t.item.sequence);
    const i32 n_blocks = (last + kKvBlockTokens - 1) / kKvBlockTokens;
    i32 block = t.item.kv_begin / kKvBlockTokens + wave;
    Keys keys;
    i32 at = 0;  // of the KV memory's blocks
    if (block < n_blocks) at = A::uniform(table[block]);
    if (kEarlyKeys && block < n_blocks) load_keys(t, at, keys);
#pragma unroll 1
    for (i32 i = wave; i < kFewQueries; i += kWaves) {
      Tile::load_query(t, i, lds.q + i * Tile::kQueryStride, lds.query.scale[i], lds.query.end[i]);
    }
    A::barrier();
    State state;
    Tile::start(state, lds.query, 0);
    Queries q;
    if constexpr (kQueriesStay) Tile::load_queries(lds.q, q);
#pragma unroll 1
    while (block < n_blocks) {
      const i32 begin = block * kKvBlockTokens;
      block += kWaves;
      // The last time again a block that was read, rather than keys that depend on a branch.
      const i32 next = A::uniform(table[min_of(block, n_blocks - 1)]);
      Values values;
      Sum s[1];
      if constexpr (kEarlyKeys) {
        load_values(t, at, begin, last, values);
        score(keys, q, s[0]);
        load_keys(t, next, keys);
      } else {
        load_keys(t, at, keys);
        score(keys, q, s[0]);
        load_values(t, at, begin, last, values);
      }
      Tile::mask(state, s, begin, t.item.kv_begin);
      Tile::weigh(state, s);
      add_values(state, F::pack(s[0]), values);
      at = next;
    }
    finish(t, state);
  }

  __device__ __inline__ void load_keys(const Task& t, i32 block, Keys& keys) const {
    const f16* k = Tile::vectors(t, block, kKeys);
#pragma unroll
    for (int s = 0; s < kSteps; ++s) {
#pragma unroll
      for (int p = 0; p < F::kPieces; ++p) {
        const i32 at = F::piece_row(lane, p) * kDim + 32 * s + 8 * F::piece_at(lane, p);
        keys.at[s][p] = *reinterpret_cast<const Piece*>(k + at);
      }
    }
  }

  // Of the block at position `begin`, of which positions before `last` are read.
  __device__ __inline__ void load_values(const Task& t, i32 block, i32 begin, i32 last,
                                         Values& values) const {
    if (begin >= t.item.kv_begin && begin + kKvBlockTokens <= last) {
      load_values<false>(t, block, 0, 0, values);
    } else {
      load_values<true>(t, block, t.item.kv_begin - begin, last - 1 - begin, values);
      A::keep_order();  // else the two ways become one, of 16 addresses
    }
  }
  // A vector of 3 words takes the room of 4, which the cache's last row does not have.
  __device__ static __inline__ Run load_run(const f16* from) {
    if constexpr (kRun % 4 == 0) return load<Run, 2 * kRun>(from);
    struct Words {
      u32 x[kRun / 2];
    };
    const Words words = load<Words, 4>(from);
    Run run;
    for (int i = 0; i < kRun / 2; ++i) run[i] = words.x[i];
    return run;
  }
  // With kEdge, tokens before `first` or after `last` read as one of these, and have weight 0:
  // whatever lies there must not reach a product.
  template <bool kEdge>
  __device__ __inline__ void load_values(const Task& t, i32 block, i32 first, i32 last,
                                         Values& values) const {
    const f16* v = Tile::vectors(t, block, kValues);
#pragma unroll
    for (int c = 0; c < F::kColumns; ++c) {
#pragma unroll
      for (int i = 0; i < F::kTokens; ++i) {
        i32 token = F::token(lane, i);
        if (kEdge) token = min_of(max_of(token, first), last);
        const f16* from = v + token * kDim + kRun * F::column(lane, c);
        values.at[c][i] = load_run(from);
      }
    }
  }
  __device__ __inline__ void score(const Keys& keys, const Queries& q, Sum& s) const {
    for (int i = 0; i < kSum; ++i) s[i] = 0;
#pragma unroll
    for (int x = 0; x < kSteps; ++x) {
      Fragment k[2];
      Tile::fragments_of(keys.at[x], k);
      if constexpr (kQueriesStay) {
        s = F::scores(q.at[x][0], k[0], s);
        s = F::scores(q.at[x][1], k[1], s);
      } else {
        Fragment qx[2];
        F::keep_order(s);  // else all are loaded at once, or outside the loop
        Tile::load_rows(lds.q, Tile::kQueryStride, x, qx);
        s = F::scores(qx[0], k[0], s);
        s = F::scores(qx[1], k[1], s);
      }
    }
  }

  __device__ static __inline__ void add_values(State& state, const Fragment& p,
                                               const Values& values) {
    constexpr u32 kLow = 0x05040100, kHigh = 0x07060302;  // halves of two words
#pragma unroll
    for (int j = 0; j < kTiles; ++j) {
      u32 words[F::kWords];
#pragma unroll
      for (int c = 0; c < F::kColumns; ++c) {
#pragma unroll
        for (int w = 0; w < F::kTokens / 2; ++w) {
          words[c * (F::kTokens / 2) + w] =
              A::bytes(values.at[c][2 * w][j / 2], values.at[c][2 * w + 1][j / 2],
                       j % 2 == 0 ? kLow : kHigh);
        }
      }
      state.o[j] = F::values(p, __builtin_bit_cast(Fragment, words), state.o[j]);
    }
  }

  __device__ __inline__ void finish(const Task& t, State& state) {
    const i32 wave = A::uniform(A::thread() / A::kWave);
    Tile::sum_shares(state);
#pragma unroll
    for (int s = 0; s < F::kQueries; ++s) {  // the lanes that share a query write the same
      lds.max[wave][F::query(lane, s)] = state.max[s];
      lds.sum[wave][F::query(lane, s)] = state.sum[s];
    }
    A::barrier();  // and the queries are read
    float factor[F::kQueries];
#pragma unroll
    for (int s = 0; s < F::kQueries; ++s) {
      factor[s] = A::exp2_normal(state.max[s] - joint_max(F::query(lane, s)));
    }
    const bool alone = t.item.n_splits == 1;
#pragma unroll
    for (int first = 0; first < kTiles; first += kJoin) {
      if (first > 0) A::barrier();
#pragma unroll
      for (int i = 0; i < kSum; ++i) {
        Joined x;
#pragma unroll
        for (int j = 0; j < kJoin; ++j) x[j] = state.o[first + j][i] * factor[F::slot(i)];
        float* to = lds.o[wave][F::query(lane, F::slot(i))] + kJoin * F::other(lane, i);
        *reinterpret_cast<Joined*>(to) = x;
      }
      A::barrier();
#pragma unroll 1
      for (i32 u = A::thread(); u < 16 * t.n(); u += kFewThreads) {
        const i32 i = u / 16, column = u % 16, dim = kRun * column + first;
        Joined y = 0;
        for (int w = 0; w < kWaves; ++w) {
          y += *reinterpret_cast<const Joined*>(lds.o[w][i] + kJoin * column);
        }
        if (alone) y *= 1.0F / joint_sum(i);
        float* to = alone ? Tile::result(t, i) : Tile::partial(t, i, t.item.split) + kPartialHead;
        *reinterpret_cast<Joined*>(to + dim) = y;
      }
    }
    if (!alone) {
      const i32 i = A::thread();
      if (i < t.n()) {
        float* to = Tile::partial(t, i, t.item.split);
        to[0] = largest_max(i);
        to[1] = joint_sum(i);
      }
      if (Tile::is_last_split(t, lds.is_last)) {
#pragma unroll 1
        for (i32 q = wave; q < t.n(); q += kWaves) Tile::combine(t, q);
      }
    }
    A::barrier();  // a next tile may use the LDS
  }

  __device__ __inline__ float largest_max(i32 i) const {
    float m = lds.max[0][i];
    for (int w = 1; w < kWaves; ++w) m = max_of(m, lds.max[w][i]);
    return m;
  }
  __device__ __inline__ float joint_max(i32 i) const { return Tile::shift_of(largest_max(i)); }
  __device__ __inline__ float joint_sum(i32 i) const {
    const float m = joint_max(i);
    float sum = 0;
    for (int w = 0; w < kWaves; ++w) {
      sum = __builtin_fmaf(A::exp2_normal(lds.max[w][i] - m), lds.sum[w][i], sum);
    }
    return sum;
  }
};

template <class A, int kDim>
__device__ __inline__ void attention_few(const PagedAttentionArgs& a) {
  using Kernel = AttentionFew<A, kDim>;
  __shared__ typename Kernel::Lds lds;
  Kernel{{a, Step{a.step}, 0}, lds}.run();
}

}  // namespace rocmforge::gpu
