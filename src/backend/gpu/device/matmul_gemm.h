// matmul for more rows than matmul.h takes, by the matrix units: y = x W^T + bias, x prepared by
// prepare_rows. Shapes and epilogues are those of matmul.h. Where a card has no such units,
// quantized weights take the product of matmul_dots.h instead, in int8, and plain ones dots of
// halves.
//
// A workgroup makes a tile of x.w outputs by x.x rows of x (matmul_args.h: GemmTile). Weights are
// decoded once a workgroup to F16 (BF16 where their range wants it) in LDS, k columns at a time, so
// that the products need no scaling: F32 sums run through all columns. A weight or an activation
// that one half does not hold is taken in parts, and products of parts are summed as long as they
// matter. W comes through registers, some steps ahead; x is copied into LDS asynchronously where
// the card can, else through registers one step ahead. Waves share the outputs and rows of large
// tiles, and the columns of small ones, whose sums are added in LDS at the end. For SwiGLU a tile
// has 16 gates and their 16 ups by turns, so that a lane holds both; where the two are of different
// types, one launch leaves the gates in y and another makes the ups. A weight of several types
// takes a launch for each, of the pieces that are of that type. Where there are few tiles, several
// workgroups share the columns of one, each a split of them: they leave their sums in memory, and
// the one that comes last adds all, in the splits' order. Bound by the products for many rows, by
// reading W for few.
//
// Measured on an H200, 512 rows, with the preparation: Q4_0 [28672, 4096] 265 TFLOP/s, [4096,
// 14336] 225 in two splits (199 in one), [4096, 4096] 153 (146). What the card does without the
// instructions for groups of warps (mma.sync) is some 600; the rest is waiting: a barrier every
// step. 64 rows, [4096, 14336]: 69 us in four splits of 64 rows, 88 in tiles of 32. Rows that a
// tile lacks are zeros in LDS: where they repeated the last row, 96 rows took 30 % longer than 128,
// all workgroups waiting for the same bytes.
//
// 16 rows read Q4_0 at 0.8 TB/s where 4.2 is the bound. Every workgroup reads all of x, 1.8 times
// W's bytes for a tile of 32 rows of W; multiprocessors that hold x and take W by registers alone
// came to 1.0 TB/s for gate and up, but to less for the smaller matrices: to fill LDS took longer
// than their product.
#pragma once

#include "backend/gpu/device/halves.h"
#include "backend/gpu/device/matmul.h"
#include "backend/gpu/device/matmul_dots.h"

namespace rocmforge::gpu {

template <class A, class T, int kX>
struct Gemm {
  static constexpr HalfParts kParts = half_parts(T::kType);
  static constexpr bool kInt8 = many_in_int8(T::kType, A::kMatrixUnits);
  static constexpr GemmTile kTile =
      kInt8 ? dot_tile(kX, dot_parts(T::kType))
            : gemm_tile(kX, kParts.w, kParts.x, A::kWave, A::kAsyncCopies);
  static_assert(kInt8 || fits(kTile, kParts.w, kParts.x, A::kAsyncCopies));
  using Mma = OneOf<kInt8, DotLayout, typename A::template HalfMma<kParts.bf16>>;
  using Element = typename Mma::Element;

  static constexpr bool kScaled = !kInt8 && !kParts.bf16;  // rows of x, by a power of two
  static constexpr int kStride = kTile.stride();
  static constexpr int kStages = kTile.stages;
  static constexpr int kSteps = kTile.k / 16 / kTile.waves_k;  // of 16 columns, a wave and stage
  static constexpr int kTilesX = kTile.x / 16 / kTile.waves_x;
  static constexpr int kTilesW = kTile.w / 16 / kTile.waves_w;
  static constexpr int kUnits = kTile.k / 32;  // of a row, a stage
  static constexpr bool kAllDecode = kTile.w * kUnits == kGemmThreads;
  static constexpr int kPartOfW = kTile.w * kStride, kPartOfX = kTile.x * kStride;
  // Units of W on their way: as many as 40 registers hold.
  static constexpr int kRawWords = T::kQuantized ? T::kPlanes.q / 4 + 2 : 8 * T::kPlanes.q;
  static constexpr int kAhead = kX == 128        ? (kRawWords > 10 ? 1 : 2)
                                : kRawWords > 20 ? 1
                                : kRawWords > 10 ? 2
                                                 : 4;
  static constexpr int kCopies = kTile.x * kTile.k / 8 / kGemmThreads;  // of 16 bytes, a thread
  static_assert(kCopies * kGemmThreads * 8 == kTile.x * kTile.k);
  static_assert(kTilesW % 2 == 0, "a gate and its up are a wave's");

  struct Sums {
    typename Mma::Sum at[kTilesX][kTilesW];
  };
  struct Where {
    i32 first_x, n;           // rows of x
    i32 begin, end;           // outputs
    i32 first_step, n_steps;  // columns: all of them, or a split's
  };

  const MatMulArgs& a;

  __device__ __inline__ Element* w_stage(i32 i) const {
    return reinterpret_cast<Element*>(matmul_lds) + (i & 1) * (kParts.w * kPartOfW);
  }
  __device__ __inline__ Element* x_stage(i32 i) const {
    return reinterpret_cast<Element*>(matmul_lds) + 2 * kParts.w * kPartOfW +
           i * (kParts.x * kPartOfX);
  }
  // Whether tiles have gates and ups by turns.
  __device__ __inline__ bool gated() const {
    return a.epilogue == MatMulEpilogue::kSwiGlu && a.part == TilePart::kWhole;
  }
  // The weight row of output o that is in tiles' first half, or in all of them.
  __device__ __inline__ i32 first_row(i32 o) const {
    return o + (a.part == TilePart::kUps ? a.outputs : 0);
  }

  // ---- staging

  // The row and the unit of a stage that this thread decodes: neighbours take neighbouring units,
  // and eight of them four rows, whose LDS addresses lie in different banks.
  static constexpr int kPairs = kUnits >= 2 ? 2 : 1;
  __device__ static __inline__ i32 my_row() { return A::thread() / kPairs % kTile.w; }
  __device__ static __inline__ i32 my_unit() {
    return A::thread() % kPairs + kPairs * (A::thread() / (kPairs * kTile.w));
  }
  __device__ static __inline__ bool decodes() { return kAllDecode || my_unit() < kUnits; }

  __device__ __inline__ PlaneRow my_weights(const Where& t) const {
    const i32 r = my_row();
    const bool is_gated = gated();
    const i32 o = min_of(t.begin + (is_gated ? r / 32 * 16 + r % 16 : r), t.end - 1);
    const SegmentArgs first = segment_with(a.weight, first_row(t.begin));
    const PlaneRow row = row_in<T>(first, first_row(o) - first.begin, a.weight.cols);
    if (!is_gated) return row;
    const SegmentArgs second = segment_with(a.weight, t.begin + a.outputs);
    const PlaneRow up = row_in<T>(second, o + a.outputs - second.begin, a.weight.cols);
    return r / 16 % 2 == 1 ? up : row;
  }
  // Columns [8 i, 8 i + 8) of this thread's unit.
  __device__ __inline__ void decode(const Columns32<T>& columns, int i, Element* stage) const {
    u32 words[kParts.w][4];
    HalvesOf<A, T>{columns}.chunk(i, words);
    Element* to = stage + my_row() * kStride + 32 * my_unit() + 8 * i;
#pragma unroll
    for (int part = 0; part < kParts.w; ++part) {
      const u32* w = words[part];
      *reinterpret_cast<I32x4*>(to +
                                part * kPartOfW) = {{(i32)w[0], (i32)w[1], (i32)w[2], (i32)w[3]}};
    }
  }

  // A thread's share of the copies of x: kCopies times 16 bytes of each part, a step.
  struct XCopies {
    const Gemm& gemm;
    const u16* from[kCopies];       // in part 0, step 0
    u32 rows = 0;                   // bit i: copy i is of a row that there is
    I32x4 held[kCopies][kParts.x];  // without asynchronous copies: on their way

    __device__ __inline__ XCopies(const Gemm& g, const Where& t) : gemm(g) {
      const u16* planes = kParts.bf16 ? g.a.halves.bf16 : g.a.halves.f16;
#pragma unroll
      for (int i = 0; i < kCopies; ++i) {
        const i32 row = chunk(i) / (kTile.k / 8);
        // Rows past the last are zeros: all workgroups at one row's bytes would wait for each
        // other.
        rows |= t.first_x + row < t.n ? 1U << i : 0U;
        from[i] = planes + (i64)min_of(t.first_x + row, t.n - 1) * g.a.halves.cols +
                  t.first_step * kTile.k + chunk(i) % (kTile.k / 8) * 8;
      }
    }
    __device__ static __inline__ i32 chunk(int i) { return A::thread() + i * kGemmThreads; }
    __device__ __inline__ Element* to(i32 stage, int i, int part) const {
      return gemm.x_stage(stage) + part * kPartOfX + chunk(i) / (kTile.k / 8) * kStride +
             chunk(i) % (kTile.k / 8) * 8;
    }
    __device__ __inline__ const u16* source(i32 step, int i, int part) const {
      return from[i] + part * gemm.a.halves.part + (i64)step * kTile.k;
    }
    template <class F>
    __device__ __inline__ void each(F f) {
#pragma unroll
      for (int i = 0; i < kCopies; ++i) {
#pragma unroll
        for (int part = 0; part < kParts.x; ++part) f(i, part);
      }
    }

    __device__ __inline__ void copy(i32 step, i32 n_steps, i32 stage) {
      // Past the last step zeros: a branch would keep the compiler from mixing this with products.
      each([&](int i, int part) RF_INLINE {
        A::copy_16(to(stage, i, part), source(step, i, part),
                   step < n_steps && (rows >> i & 1U) != 0);
      });
      A::end_copies();
    }
    // The first steps' copies, and the wait for step 0.
    __device__ __inline__ void begin(i32 n_steps) {
      if constexpr (A::kAsyncCopies) {
#pragma unroll
        for (int i = 0; i + 1 < kStages; ++i) copy(i, n_steps, i);
      } else {
        each([&](int i, int part)
                 RF_INLINE { held[i][part] = load<I32x4, 16>(source(0, i, part)); });
      }
    }
    __device__ __inline__ void end() {
      if constexpr (A::kAsyncCopies) {
        A::template wait_copies<kStages - 2>();
      } else {
        each([&](int i, int part)
                 RF_INLINE { *reinterpret_cast<I32x4*>(to(0, i, part)) = held[i][part]; });
      }
    }
    // While step `step` is in `stage`: later ones on their way, and the next there.
    __device__ __inline__ void fetch(i32 step, i32 n_steps, i32 stage) {
      if constexpr (A::kAsyncCopies) {
        copy(step + kStages - 1, n_steps, stage == 0 ? kStages - 1 : stage - 1);
      } else if (step + 1 < n_steps) {
        each([&](int i, int part)
                 RF_INLINE { held[i][part] = load<I32x4, 16>(source(step + 1, i, part)); });
      }
    }
    __device__ __inline__ void put(i32 step, i32 n_steps) {
      if constexpr (A::kAsyncCopies) {
        A::template wait_copies<kStages - 2>();
      } else if (step + 1 < n_steps) {
        each([&](int i, int part) RF_INLINE {
          *reinterpret_cast<I32x4*>(to((step + 1) & 1, i, part)) = held[i][part];
        });
      }
    }
  };

  // ---- the products

  // `between`(i), i from 0 to 3, is called in between.
  template <class F>
  __device__ __inline__ void multiply(i32 w_at, i32 x_at, Sums& sums, F between) const {
    const i32 lane = A::lane(), wave = A::uniform(A::thread() / A::kWave);
    const i32 across = wave % (kTile.waves_x * kTile.waves_w);
    const i32 k = wave / (kTile.waves_x * kTile.waves_w) * (16 * kSteps);
    const Element* w = w_stage(w_at) + across % kTile.waves_w * (16 * kTilesW) * kStride + k;
    const Element* x = x_stage(x_at) + across / kTile.waves_w * (16 * kTilesX) * kStride + k;
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int pw = 0; pw < kParts.w; ++pw) {
        typename Mma::Fragment b[kTilesW];
#pragma unroll
        for (int j = 0; j < kTilesW; ++j) {
          b[j] = Mma::load_second(w + pw * kPartOfW + 16 * j * kStride + 16 * step, kStride, lane);
        }
#pragma unroll
        for (int px = 0; px < kParts.x; ++px) {
          if (pw + px > 0 && pw + px >= max_of(kParts.w, kParts.x)) continue;
          // Fragments of all parts at once are more than the registers hold.
          if constexpr (kParts.x > 1) A::keep_order();
#pragma unroll
          for (int i = 0; i < kTilesX; ++i) {
            const auto f =
                Mma::load_first(x + px * kPartOfX + 16 * i * kStride + 16 * step, kStride, lane);
#pragma unroll
            for (int j = 0; j < kTilesW; ++j) sums.at[i][j] = Mma::multiply(f, b[j], sums.at[i][j]);
          }
        }
      }
#pragma unroll
      for (int i = 4 * step / kSteps; i < 4 * (step + 1) / kSteps; ++i) between(i);
    }
  }

  // Slots of W are named by constants: to move a value on its way would be to wait for it.
  __device__ __inline__ void product(const Where& t, Sums& sums) const {
    const i32 n_steps = t.n_steps;
    const i32 cols = min_of(a.weight.cols, (t.first_step + n_steps) * kTile.k);
    const i32 first_unit = t.first_step * kUnits + my_unit();
    const PlaneRow row = my_weights(t);
    Columns32<T> ahead[kAhead];
    const auto fetch_w = [&](int slot, i32 step) RF_INLINE {
      if (decodes()) ahead[slot] = load_columns<T>(row, step * kUnits + first_unit, cols);
    };
    XCopies x(*this, t);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) fetch_w(i, i);
    x.begin(n_steps);
    if (decodes()) {
#pragma unroll
      for (int i = 0; i < 4; ++i) decode(ahead[0], i, w_stage(0));
    }
    fetch_w(0, kAhead);
    x.end();
    A::barrier();
    i32 stage = 0;
#pragma unroll 1
    for (i32 first = 0; first < n_steps; first += kAhead) {
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        const i32 step = first + i;
        // Steps past the last one are of zeros where x is copied asynchronously.
        if (A::kAsyncCopies || step < n_steps) {
          const int next = (i + 1) % kAhead;
          x.fetch(step, n_steps, stage);
          multiply(step, stage, sums, [&](int chunk) RF_INLINE {
            if (decodes()) decode(ahead[next], chunk, w_stage(step + 1));
          });
          fetch_w(next, step + 1 + kAhead);
          x.put(step, n_steps);
          A::barrier();
          stage = stage + 1 == kStages ? 0 : stage + 1;
        }
      }
    }
  }

  // Adds what the waves made of their columns; true for those that hold the whole then.
  __device__ __inline__ bool add_waves(Sums& sums) const {
    if constexpr (kTile.waves_k == 1) {
      return true;
    } else {
      constexpr int kAcross = kTile.waves_x * kTile.waves_w;
      constexpr int kEach = kTilesX * kTilesW * Mma::kPerLane;
      const i32 lane = A::lane(), wave = A::uniform(A::thread() / A::kWave);
      const i32 part = wave / kAcross;
      auto* lds = reinterpret_cast<float*>(matmul_lds);
      if (part > 0) {
        float* to = lds + (wave - kAcross) * (kEach * A::kWave) + lane;
#pragma unroll
        for (int i = 0; i < kEach; ++i) {
          to[i * A::kWave] =
              sums.at[i / Mma::kPerLane / kTilesW][i / Mma::kPerLane % kTilesW][i % Mma::kPerLane];
        }
      }
      A::barrier();
      if (part == 0) {
        for (i32 p = 1; p < kTile.waves_k; ++p) {
          const float* from = lds + ((p - 1) * kAcross + wave) * (kEach * A::kWave) + lane;
#pragma unroll
          for (int i = 0; i < kEach; ++i) {
            sums.at[i / Mma::kPerLane / kTilesW][i / Mma::kPerLane % kTilesW][i % Mma::kPerLane] +=
                from[i * A::kWave];
          }
        }
      }
      A::barrier();  // LDS may be filled again
      return part == 0;
    }
  }

  // Of a product in splits: leaves this one's sums, and adds all of them where it is the last to.
  // True for the threads that hold the whole then. In the order of the splits, whichever came last.
  __device__ __inline__ bool add_splits(Sums& sums, i32 tile, i32 split, bool holds) const {
    constexpr i32 kThreads = kTile.waves_x * kTile.waves_w * A::kWave;
    constexpr int kEach = kTilesX * kTilesW * Mma::kPerLane;
    float* all = a.sums + (i64)tile * a.splits * (kEach * kThreads) + A::thread();
    if (holds) {
      float* to = all + split * (kEach * kThreads);
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
        to[i * kThreads] =
            sums.at[i / Mma::kPerLane / kTilesW][i / Mma::kPerLane % kTilesW][i % Mma::kPerLane];
      }
    }
    auto* is_last = reinterpret_cast<i32*>(matmul_lds);
    A::fence_device();
    A::barrier();
    if (A::thread() == 0) {
      *is_last = A::atomic_add(a.tickets + tile, 1) == a.splits - 1 ? 1 : 0;
      if (*is_last != 0) A::atomic_add(a.tickets + tile, -a.splits);
    }
    A::barrier();
    const bool last = *is_last != 0;
    A::barrier();  // LDS may be filled again
    if (!last || !holds) return false;
    A::fence_device();
    for (i32 s = 0; s < a.splits; ++s) {
      const float* from = all + s * (kEach * kThreads);
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
        auto& of = sums.at[i / Mma::kPerLane / kTilesW][i / Mma::kPerLane % kTilesW];
        constexpr int kPerLane = Mma::kPerLane;
        of[i % kPerLane] = (s == 0 ? 0.0F : of[i % kPerLane]) + from[i * kThreads];
      }
    }
    return true;
  }

  // The bias of outputs from t.begin on, or null.
  __device__ __inline__ const float* bias_from(i32 row) const {
    const SegmentArgs s = segment_with(a.weight, row);
    return s.bias != nullptr ? s.bias + (row - s.begin) : nullptr;
  }
  __device__ __inline__ void store(const Where& t, const Sums& sums) const {
    i32 lane = A::lane();
    // Where its outputs are would wait in registers for all of the product.
    if constexpr (kInt8) lane = A::opaque(lane);
    const i32 wave = A::uniform(A::thread() / A::kWave);
    const i32 across = wave % (kTile.waves_x * kTile.waves_w);
    const i32 tile_w = across % kTile.waves_w * kTilesW, tile_x = across / kTile.waves_w * kTilesX;
    const bool is_gated = gated();
    const float* bias = bias_from(first_row(t.begin));
    const float* bias_of_ups = is_gated ? bias_from(t.begin + a.outputs) : nullptr;
#pragma unroll
    for (int i = 0; i < kTilesX; ++i) {
      // What is read comes before what is written, so that no read waits for another.
      const i32 first = t.first_x + 16 * (tile_x + i);
      float scale[Mma::kPerLane], before[Mma::kPerLane][kTilesW];
#pragma unroll
      for (int e = 0; e < Mma::kPerLane; ++e) {
        const i32 row = min_of(first + Mma::row(lane, e), t.n - 1);
        scale[e] = kScaled ? a.halves.scale[row] : 1.0F;
#pragma unroll
        for (int j = 0; j < kTilesW; ++j) {
          const i32 o = min_of(t.begin + column(tile_w + j, is_gated, lane, e), t.end - 1);
          before[e][j] = 0;
          if (a.part == TilePart::kUps) before[e][j] = a.y[(i64)row * a.outputs + o];
          if (a.epilogue == MatMulEpilogue::kAdd) {
            before[e][j] = a.residual[row * a.residual_stride + o];
          }
        }
      }
#pragma unroll
      for (int e = 0; e < Mma::kPerLane; ++e) {
        const i32 row = first + Mma::row(lane, e);
        if (row >= t.n) continue;
        float gate = 0;
#pragma unroll
        for (int j = 0; j < kTilesW; ++j) {
          const i32 at = column(tile_w + j, is_gated, lane, e);
          if (t.begin + at >= t.end) continue;
          float y = sums.at[i][j][e];
          if constexpr (kScaled) y *= scale[e];
          if (is_gated && j % 2 == 0) {
            gate = bias != nullptr ? y + bias[at] : y;
            continue;
          }
          const float* b = is_gated ? bias_of_ups : bias;
          if (b != nullptr) y += b[at];
          if (a.part == TilePart::kUps) gate = before[e][j];
          if (is_gated || a.part == TilePart::kUps) y = silu<A>(gate) * y;
          if (a.epilogue == MatMulEpilogue::kAdd) y = before[e][j] + y;
          a.y[(i64)row * a.outputs + t.begin + at] = y;
        }
      }
    }
  }
  // The output, from the tile's first on, of element e of a 16 by 16 product.
  __device__ static __inline__ i32 column(i32 product, bool is_gated, i32 lane, int e) {
    return 16 * (is_gated ? product / 2 : product) + Mma::column(lane, e);
  }

  __device__ __inline__ void run(const Where& t, i32 tile, i32 split) const {
    Sums sums;
#pragma unroll
    for (int i = 0; i < kTilesX; ++i) {
#pragma unroll
      for (int j = 0; j < kTilesW; ++j) {
#pragma unroll
        for (int e = 0; e < Mma::kPerLane; ++e) sums.at[i][j][e] = 0;
      }
    }
    if constexpr (kInt8) {
      DotProduct<A, T, Gemm>{*this}.product(t, sums);
    } else {
      product(t, sums);
    }
    bool whole = add_waves(sums);
    if constexpr (!kInt8) {
      if (a.splits > 1) whole = add_splits(sums, tile, split, whole);
    }
    if (whole) store(t, sums);
  }
};

template <class A, class T, int kX>
__device__ __inline__ void matmul_gemm(const MatMulArgs& a) {
  const i32 n = n_rows(a.rows), down = (n + kX - 1) / kX;
  const Gemm<A, T, kX> gemm{a};
  const i32 across = gemm.kTile.w / (gemm.gated() ? 2 : 1);
  const i32 n_steps = (a.weight.cols + gemm.kTile.k - 1) / gemm.kTile.k;
  // Rows of x fastest: the workgroups that run together share what they read of W.
  for (i32 i = A::group_y() * a.grid.x + A::group_x(); i < down * a.n_tiles * a.splits;
       i += a.grid.x * a.grid.y) {
    const i32 x = i % down, split = i / down % a.splits, tile = i / down / a.splits;
    const PieceArgs piece = find_piece(a, tile);
    const i32 first_step = split * a.split_steps;
    gemm.run({kX * x, n, piece.begin + (tile - piece.first) * across, piece.end, first_step,
              min_of(a.split_steps, n_steps - first_step)},
             tile * down + x, split);
  }
}

}  // namespace rocmforge::gpu
