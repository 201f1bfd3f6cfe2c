// paged_attention_many_f16_<head_dim>: y = softmax(scale q K^T) V for work items of sequences
// with more than kFewRows rows in the step, by matrix units. Shapes and layouts are those of
// attention_few.h; k and v are stored before.
//
// A task is a work item, a KV head and up to 128 queries that share it, rows of the item times
// heads of the group: 16 or 32 a wave. K and V pass through LDS in tiles of kTokens positions, of
// which the next is under way while one is used, with one barrier a tile: on NVIDIA by asynchronous
// copies, elsewhere by way of registers, which transpose V. Queries, running softmax and sums stay
// in registers. A wave skips tiles that none of its queries see, and masks only where some do not.
//
// Bound by the products: 4 d operations a query and position that it sees. On an H200 (705 TFLOP/s
// in large products), 512 rows of 32 heads over 8 KV heads, d = 128: 53 TFLOP/s at depth 0, 173 at
// 4096, 205 at 16384 (29 %). Of what was tried there, 64 queries a workgroup gave 168.
#pragma once

#include "backend/gpu/device/attention_tile.h"

namespace rocmforge::gpu {

inline constexpr int kManyThreads = 256;

template <class A, int kDim>
struct AttentionMany : AttentionTile<A, kDim, kManyQueries> {
  using Tile = AttentionTile<A, kDim, kManyQueries>;
  using Task = AttentionTask;
  using F = typename Tile::F;
  using Mma = typename Tile::Mma;
  using Fragment = typename Tile::Fragment;
  using Sum = typename Tile::Sum;
  using State = typename Tile::State;
  using Queries = typename Tile::Queries;
  using Tile::a;
  using Tile::kRun;
  using Tile::kSteps;
  using Tile::kSum;
  using Tile::kTiles;
  using Tile::lane;
  using Tile::step;
  static constexpr int kWaves = kManyThreads / A::kWave;
  static constexpr int kM = F::kTilesOfWave;
  static constexpr int kOfWave = 16 * kM;  // queries
  static_assert(kOfWave * kWaves == kManyQueries);
  static constexpr int kTokens = 4096 / kDim / 16 * 16;
  static constexpr int kBlocks = kTokens / kKvBlockTokens;
  static constexpr int kRowPieces = kDim / 8;
  // Strides of LDS rows, such that lanes that read at once hit different banks: two rows at a time
  // of 64 bytes on NVIDIA (64 bytes over a multiple of 128), else 8 rows of 16 bytes.
  static constexpr int kKeyStride = F::kTransposes ? (kDim + 31) / 64 * 64 + 32 : kDim + 8;
  static constexpr int kValueStride = F::kTransposes ? kDim + 8 : kTokens + 8;

  // [token][dim]; values transposed where the matrix units cannot: row 16 j + c is dimension
  // kRun c + j, and a block's tokens are in the order of F::token_of_slot.
  struct Stage {
    alignas(16) f16 k[kTokens * kKeyStride];
    alignas(16) f16 v[(F::kTransposes ? kTokens : kDim) * kValueStride];
  };
  struct Lds {
    union {
      alignas(16) f16 q[kManyQueries * Tile::kQueryStride];
      Stage stage[2];
    };
    typename Tile::QueryLds query;
    i32 is_last;
  };
  // What a thread holds of a tile on its way.
  struct Held {
    Piece at[4];
  };
  // What is read of the item's positions: [begin, end), begin between blocks.
  struct Range {
    const i32* table;
    i32 begin, end;
    i32 blocks[kBlocks];  // of the KV memory, of the next tile to be loaded
  };

  Lds& lds;

  __device__ __inline__ void run() {
    const i32 n = Tile::n_tasks();
#pragma unroll 1
    for (i32 number = A::group_x(); number < n; number += a.grid.x) {
      Task t = Tile::task(number);
      if (t.item.sequence_rows <= kFewRows) continue;
      do {
        run_tile(t);
      } while (Tile::next_rows(t));
    }
  }

  __device__ __inline__ i32 end_of(const Task& t, i32 query) const {
    return A::uniform(min_of(t.item.kv_end, step.positions()[Tile::row_of(t, query)] + 1));
  }

  __device__ __inline__ void run_tile(const Task& t) {
    A::barrier();  // the tile before is done with the LDS
    lane = A::opaque(A::lane());
    const i32 first = kOfWave * A::uniform(A::thread() / A::kWave);
#pragma unroll 1
    for (i32 i = first; i < first + kOfWave; ++i) {
      Tile::load_query(t, i, lds.q + i * Tile::kQueryStride, lds.query.scale[i], lds.query.end[i]);
    }
    A::barrier();
    Queries q[kM];
    State state[kM];
#pragma unroll
    for (int m = 0; m < kM; ++m) {
      Tile::load_queries(lds.q + (first + 16 * m) * Tile::kQueryStride, q[m]);
      Tile::start(state[m], lds.query, first + 16 * m);
    }
    A::barrier();  // the queries are read
    // Rows are in the order of their positions.
    Range range{step.block_table(t.item.sequence),
                t.item.kv_begin / kKvBlockTokens * kKvBlockTokens,
                end_of(t, t.n() - 1),
                {}};
    const bool any = first < t.n();
    const i32 all_see = any ? end_of(t, first) : 0;
    const i32 none_sees = any ? end_of(t, min_of(first + kOfWave, t.n()) - 1) : 0;
    pass(t, range, all_see, none_sees, q, state);
    finish(t, first, state);
  }

  // Over the tiles of positions: every query of the wave sees those before all_see (and from
  // kv_begin on), none those from none_sees on.
  __device__ __inline__ void pass(const Task& t, Range& range, i32 all_see, i32 none_sees,
                                  const Queries (&q)[kM], State (&state)[kM]) {
    if (range.begin >= range.end) return;
    Held held;
    find_blocks(range, range.begin);
    begin_load(t, range, range.begin, lds.stage[0], held);
    find_blocks(range, range.begin + kTokens);
    end_load(lds.stage[0], held);
    A::barrier();
    i32 at = 0;
#pragma unroll 1
    for (i32 begin = range.begin; begin < range.end; begin += kTokens) {
      const i32 next = begin + kTokens;
      if (next < range.end) {
        begin_load(t, range, next, lds.stage[at ^ 1], held);
        find_blocks(range, next + kTokens);
      }
      if (begin < none_sees) {
        const bool whole = begin >= t.item.kv_begin && next <= all_see;
        attend(lds.stage[at], begin, t.item.kv_begin, whole, q, state);
      }
      at ^= 1;
      if (next < range.end) end_load(lds.stage[at], held);
      A::barrier();
    }
  }

  __device__ __inline__ void find_blocks(Range& range, i32 begin) const {
    const i32 last = (range.end - 1) / kKvBlockTokens;
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      range.blocks[b] = A::uniform(range.table[min_of(begin / kKvBlockTokens + b, last)]);
    }
  }
  // Piece c of a token of the tile at `begin`, and whether it is to be read: whatever lies at other
  // positions must not reach a product.
  __device__ __inline__ const Piece* piece(const Task& t, const Range& range, KvSide side,
                                           i32 token, i32 c) const {
    i32 block = range.blocks[0];
#pragma unroll
    for (int b = 1; b < kBlocks; ++b) {
      if (token / kKvBlockTokens == b) block = range.blocks[b];
    }
    const f16* vectors = Tile::vectors(t, block, side);
    return reinterpret_cast<const Piece*>(vectors + token % kKvBlockTokens * kDim + 8 * c);
  }
  __device__ __inline__ static bool is_read(const Task& t, const Range& range, i32 position) {
    return position >= t.item.kv_begin && position < range.end;
  }

  __device__ __inline__ void begin_load(const Task& t, const Range& range, i32 begin, Stage& stage,
                                        Held& held) const {
    if constexpr (F::kTransposes) {
#pragma unroll
      for (int r = 0; r * kManyThreads < kTokens * kRowPieces; ++r) {
        const i32 u = r * kManyThreads + A::thread(), token = u / kRowPieces, c = u % kRowPieces;
        if (kTokens * kRowPieces % kManyThreads != 0 && token >= kTokens) continue;
        const bool read = is_read(t, range, begin + token);
        F::copy(stage.k + token * kKeyStride + 8 * c, piece(t, range, kKeys, token, c), read);
        F::copy(stage.v + token * kValueStride + 8 * c, piece(t, range, kValues, token, c), read);
      }
    } else {
      const bool values = A::thread() < kHalf;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const Place p = place(values, i);
        if (p.token >= kTokens) continue;
        const Piece zero = 0;
        held.at[i] = is_read(t, range, begin + p.token)
                         ? *piece(t, range, values ? kValues : kKeys, p.token, p.piece)
                         : zero;
      }
    }
  }

  // ---- by way of registers: half of the threads hold values, 4 tokens of a group of slots of 8
  // dimensions each, half of them keys.
  static constexpr int kHalf = kManyThreads / 2;
  struct Place {
    i32 token, piece;
  };
  __device__ static __inline__ Place place(bool values, i32 i) {
    const i32 u = A::thread() % kHalf;
    if (!values) return {(i * kHalf + u) / kRowPieces, (i * kHalf + u) % kRowPieces};
    const i32 group = u / kRowPieces;  // of 4 slots
    return {group / 4 * 16 + F::token_of_slot(group % 4 * 4 + i), u % kRowPieces};
  }

  __device__ __inline__ void end_load(Stage& stage, const Held& held) const {
    if constexpr (F::kTransposes) {
      F::wait_copies();
    } else if (A::thread() < kHalf) {
      constexpr u32 kLow = 0x05040100, kHigh = 0x07060302;  // halves of two words
      const i32 u = A::thread() % kHalf, group = u / kRowPieces, first_dim = u % kRowPieces * 8;
      if (4 * group >= kTokens) return;
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        using TwoWords = u32 __attribute__((ext_vector_type(2)));
        const u32 half = e % 2 == 0 ? kLow : kHigh;
        const TwoWords four = {A::bytes(held.at[0][e / 2], held.at[1][e / 2], half),
                               A::bytes(held.at[2][e / 2], held.at[3][e / 2], half)};
        const i32 dim = first_dim + e, row = dim % kRun * 16 + dim / kRun;
        *reinterpret_cast<TwoWords*>(stage.v + row * kValueStride + 4 * group) = four;
      }
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const Place p = place(false, i);
        if (p.token >= kTokens) continue;
        *reinterpret_cast<Piece*>(stage.k + p.token * kKeyStride + 8 * p.piece) = held.at[i];
      }
    }
  }

  __device__ __inline__ void attend(const Stage& stage, i32 begin, i32 kv_begin, bool whole,
                                    const Queries (&q)[kM], State (&state)[kM]) const {
    Sum s[kM][kBlocks];
#pragma unroll
    for (int m = 0; m < kM; ++m) {
      for (int b = 0; b < kBlocks; ++b) {
        for (int i = 0; i < kSum; ++i) s[m][b][i] = 0;
      }
    }
#pragma unroll
    for (int x = 0; x < kSteps; ++x) {
#pragma unroll
      for (int b = 0; b < kBlocks; ++b) {
        Fragment k[2];
        Tile::load_rows(stage.k + 16 * b * kKeyStride, kKeyStride, x, k);
#pragma unroll
        for (int m = 0; m < kM; ++m) {
          s[m][b] = F::scores(q[m].at[x][0], k[0], s[m][b]);
          s[m][b] = F::scores(q[m].at[x][1], k[1], s[m][b]);
        }
      }
    }
    Fragment p[kM][kBlocks];
#pragma unroll
    for (int m = 0; m < kM; ++m) {
      if (!whole) Tile::mask(state[m], s[m], begin, kv_begin);
      Tile::weigh(state[m], s[m]);
#pragma unroll
      for (int b = 0; b < kBlocks; ++b) p[m][b] = F::pack(s[m][b]);
    }
#pragma unroll
    for (int j = 0; j < kTiles; ++j) {
#pragma unroll
      for (int b = 0; b < kBlocks; ++b) {
        const Fragment v = load_values(stage, b, j);
#pragma unroll
        for (int m = 0; m < kM; ++m) state[m].o[j] = F::values(p[m][b], v, state[m].o[j]);
      }
    }
  }

  __device__ __inline__ Fragment load_values(const Stage& stage, i32 b, i32 j) const {
    if constexpr (F::kTransposes) {
      return F::load_transposed(stage.v + 16 * b * kValueStride + 16 * j, kValueStride, lane);
    } else {
      return Mma::load(stage.v + 16 * j * kValueStride + 16 * b, kValueStride, lane);
    }
  }

  __device__ __inline__ void finish(const Task& t, i32 first, State (&state)[kM]) {
    const bool alone = t.item.n_splits == 1;
#pragma unroll
    for (int m = 0; m < kM; ++m) {
      Tile::sum_shares(state[m]);
#pragma unroll
      for (int s = 0; s < F::kQueries; ++s) {
        const i32 i = first + 16 * m + F::query(lane, s);
        if (i >= t.n()) continue;
        float* to = alone ? Tile::result(t, i) : Tile::partial(t, i, t.item.split);
        if (!alone && F::other(lane, 0) == 0) {
          to[0] = state[m].max[s];
          to[1] = state[m].sum[s];
        }
        store(state[m], s, alone ? to : to + kPartialHead, alone ? 1.0F / state[m].sum[s] : 1.0F);
      }
    }
    if (!alone && Tile::is_last_split(t, lds.is_last)) {
#pragma unroll 1
      for (i32 i = A::thread() / A::kWave; i < t.n(); i += kWaves) Tile::combine(t, i);
    }
  }

  // The values of the lane's query s, to [kDim].
  __device__ __inline__ void store(const State& state, int s, float* to, float factor) const {
    if constexpr (F::kTransposes) {
#pragma unroll
      for (int j = 0; j < kTiles; ++j) {
#pragma unroll
        for (int i = 0; i < kSum; i += 2) {
          if (F::slot(i) != s) continue;
          const TwoFloats x = {state.o[j][i] * factor, state.o[j][i + 1] * factor};
          *reinterpret_cast<TwoFloats*>(to + 16 * j + F::other(lane, i)) = x;
        }
      }
    } else {
#pragma unroll
      for (int i = 0; i < kSum; ++i) {
#pragma unroll
        for (int j = 0; j < kTiles; j += 2) {
          const TwoFloats x = {state.o[j][i] * factor, state.o[j + 1][i] * factor};
          *reinterpret_cast<TwoFloats*>(to + kRun * F::other(lane, i) + j) = x;
        }
      }
    }
  }
};

template <class A, int kDim>
__device__ __inline__ void attention_many(const PagedAttentionArgs& a) {
  using Kernel = AttentionMany<A, kDim>;
  __shared__ typename Kernel::Lds lds;
  Kernel{{a, Step{a.step}, 0}, lds}.run();
}

}  // namespace rocmforge::gpu
