// matmul of quantized weights for many rows, on cards without matrix units (RDNA2): y = x W^T, by
// integer dots. Shapes, tiles and epilogues are those of matmul_gemm.h; x comes in int8 from
// prepare_rows, with a scale each 32 columns.
//
// For each unit of 32 columns, as in matmul.h: the integer sum of code * value, times the weight's
// scale, times that of x; a minimum times the sum of values. Where a type has scales of 16 columns
// there are two integer sums. F32 sums run through all columns.
//
// A workgroup decodes units of W once to int8 in LDS (a thread one unit a step), by the structs of
// weights.h, less kZero, and copies x beside them; both come through registers a step ahead, into
// one of two stages. A wave's 16 x 16 products are a lane's 4 rows of x by 2 of W each: it holds
// its rows of W for a unit, 32 bytes each, and takes its rows of x one after the other.
//   rows of x of a tile           16      32      64     128
//   rows of W x columns of it  32x256  32x256  64x128  128x64
//   a lane's rows of x x of W     4x4     4x4     8x4    16x4
//   workgroups that 128 KiB hold    4       3       3       2   of 8 waves, LDS of most types
// Bound by the dots: to 8 of them, for 32 columns, come 3 instructions that convert, scale and add
// (4 with minima, 5 with scales of 16 columns, 7 with both), so at best 73 % are dots. These make
// 512 operations a clock and compute unit, twice what dot2 of F16 does: 92 Tops of an RX 6900 XT
// (80 units, 2.25 GHz, 512 GB/s; AMD's data), so [28672, 4096] takes 1.8 ms for 512 rows. To read
// it in Q4_0 takes 0.13 ms, as the products of 37 rows. LDS gives half a word for each lane's
// instruction; a lane of the largest tile reads 196 words a unit for 704 of them, of the smallest
// 76 for 176. Not measured: no such card was at hand.
#pragma once

#include "backend/gpu/device/halves.h"
#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

// How a wave of 32 lanes has 16 x 16 products: 4 rows by 2 columns a lane.
struct DotLayout {
  using Element = i8;
  static constexpr int kPerLane = 8;
  struct Sum {
    float x[kPerLane];
    __device__ __inline__ float& operator[](int e) { return x[e]; }
    __device__ __inline__ float operator[](int e) const { return x[e]; }
  };
  __device__ static __inline__ i32 row(i32 lane, i32 e) { return lane / 8 + 4 * (e / 2); }
  __device__ static __inline__ i32 column(i32 lane, i32 e) { return lane % 8 + 8 * (e % 2); }
};

// Of Gemm (matmul_gemm.h): its product.
template <class A, class T, class Gemm>
struct DotProduct {
  static constexpr GemmTile kTile = Gemm::kTile;
  static constexpr DotParts kParts = dot_parts(T::kType);
  static_assert(kParts.codes == (T::kCoarse ? 2 : 1));
  static_assert(kParts.scales == (T::kHalfScales ? 2 : 1) * (T::kHasMin ? 2 : 1));
  static_assert(fits(kTile, kParts) && A::kWave == 32);
  static constexpr i32 kStride = dot_stride(kTile), kStage = dot_stage_bytes(kTile, kParts);
  static constexpr i32 kXAt = kParts.codes * kTile.w * kStride;
  static constexpr i32 kScalesAt = kXAt + kTile.x * kStride;
  static constexpr int kUnits = kTile.k / 32, kUnitsOfWave = kUnits / kTile.waves_k;
  static constexpr i32 kXScalesAt = kScalesAt + 4 * kParts.scales * kTile.w * kUnits;
  static constexpr int kRows = 4 * Gemm::kTilesX, kW = 2 * Gemm::kTilesW;  // of a lane: of x, of W
  static constexpr int kCopies = kTile.x * kTile.k / 16 / kGemmThreads;    // of x, of 16 bytes
  static_assert(kCopies * kGemmThreads * 16 == kTile.x * kTile.k);
  static_assert(kTile.x * kUnits <= kGemmThreads);

  using Where = typename Gemm::Where;
  using Sums = typename Gemm::Sums;

  const Gemm& gemm;

  __device__ static __inline__ u8* stage(i32 step) { return matmul_lds + (step & 1) * kStage; }

  // ---- staging

  // What a thread brings of a step.
  struct Held {
    Columns32<T> w;
    I32x4 x[kCopies];
    UnitScale scale;
  };
  // Where it comes from, at step 0.
  struct From {
    PlaneRow w;
    const i8* x[kCopies];
    const UnitScale* scale;
  };
  // The row and unit whose scale a thread brings.
  __device__ static __inline__ bool brings_scale() { return A::thread() < kTile.x * kUnits; }
  __device__ static __inline__ i32 scale_row() { return A::thread() / kUnits; }
  __device__ static __inline__ i32 scale_unit() { return A::thread() % kUnits; }
  __device__ static __inline__ i32 chunk_row(int i) {
    return (A::thread() + i * kGemmThreads) / (kTile.k / 16);
  }
  __device__ static __inline__ i32 chunk_at(int i) {
    return (A::thread() + i * kGemmThreads) % (kTile.k / 16) * 16;
  }

  __device__ __inline__ From find(const Where& t) const {
    const HalvesArgs& x = gemm.a.halves;
    const auto* values = reinterpret_cast<const i8*>(x.f16) + (i64)x.int8_at * kInt8Align;
    const auto* scales = reinterpret_cast<const UnitScale*>(values + x.part);
    From from;
    from.w = gemm.my_weights(t);
#pragma unroll
    for (int i = 0; i < kCopies; ++i) {
      from.x[i] = values + (i64)min_of(t.first_x + chunk_row(i), t.n - 1) * x.cols + chunk_at(i);
    }
    from.scale =
        scales + (i64)min_of(t.first_x + scale_row(), t.n - 1) * (x.cols / 32) + scale_unit();
    return from;
  }
  __device__ __inline__ void fetch(const From& from, i32 step, Held& held) const {
    if (gemm.decodes()) {
      held.w = load_columns<T>(from.w, step * kUnits + gemm.my_unit(), gemm.a.weight.cols);
    }
#pragma unroll
    for (int i = 0; i < kCopies; ++i) held.x[i] = load<I32x4, 16>(from.x[i] + step * kTile.k);
    if (brings_scale()) held.scale = load<UnitScale, 8>(from.scale + step * kUnits);
  }
  __device__ __inline__ void put(const Held& held, i32 step) const {
    u8* to = stage(step);
    if (gemm.decodes()) put_weights(T::template decode<A>(held.w.raw), to);
#pragma unroll
    for (int i = 0; i < kCopies; ++i) {
      *reinterpret_cast<I32x4*>(to + kXAt + chunk_row(i) * kStride + chunk_at(i)) = held.x[i];
    }
    if (brings_scale()) {
      reinterpret_cast<UnitScale*>(to + kXScalesAt)[scale_unit() * kTile.x + scale_row()] =
          held.scale;
    }
  }
  // Four codes less kZero: of none does that pass what a signed byte holds. Their upper bits keep
  // one from borrowing of the next.
  __device__ static __inline__ i32 without_zero(i32 codes) {
    if constexpr (T::kZero == 0) return codes;
    constexpr u32 kUpper = 0x80808080U, kZeros = 0x01010101U * T::kZero;
    return (i32)((((u32)codes | kUpper) - kZeros) ^ kUpper);
  }
  __device__ __inline__ void put_weights(const Unit& unit, u8* to) const {
    const i32 row = gemm.my_row(), u = gemm.my_unit();
    u8* codes = to + row * kStride + 32 * u;
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const auto half = [h](const i32* q) RF_INLINE {
        I32x4 out;
#pragma unroll
        for (int i = 0; i < 4; ++i) out.x[i] = without_zero(q[4 * h + i]);
        return out;
      };
      *reinterpret_cast<I32x4*>(codes + 16 * h) = half(unit.q);
      if constexpr (T::kCoarse) {
        *reinterpret_cast<I32x4*>(codes + kTile.w * kStride + 16 * h) = half(unit.coarse);
      }
    }
    auto* scales = reinterpret_cast<float*>(to + kScalesAt) + kParts.scales * (u * kTile.w + row);
    constexpr int kScales = T::kHalfScales ? 2 : 1;
#pragma unroll
    for (int h = 0; h < kScales; ++h) {
      scales[h] = T::kHalfScales ? unit.d * (float)unit.scale[h] : unit.d;
      if constexpr (T::kHasMin) {
        scales[kScales + h] = T::kHalfScales ? unit.m * (float)unit.min[h] : unit.m;
      }
    }
  }

  // ---- the products

  // A unit of a row of W, and of x, as they are in LDS.
  struct Weights {
    I32x4 q[2], coarse[2];
    struct __attribute__((aligned(4 * kParts.scales))) Scales {
      float x[kParts.scales];
    } scales;
  };
  struct Values {
    I32x4 q[2];
    float scale;
    i32 low, high;  // sums
  };
  __device__ static __inline__ Weights weights_of(const u8* from, i32 row, i32 u) {
    Weights out;
    const u8* codes = from + row * kStride + 32 * u;
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      out.q[h] = load<I32x4, 16>(codes + 16 * h);
      if constexpr (T::kCoarse) {
        out.coarse[h] = load<I32x4, 16>(codes + kTile.w * kStride + 16 * h);
      }
    }
    using Scales = typename Weights::Scales;
    out.scales = reinterpret_cast<const Scales*>(from + kScalesAt)[u * kTile.w + row];
    return out;
  }
  __device__ static __inline__ Values values_of(const u8* from, i32 row, i32 u) {
    Values out;
    const u8* values = from + kXAt + row * kStride + 32 * u;
#pragma unroll
    for (int h = 0; h < 2; ++h) out.q[h] = load<I32x4, 16>(values + 16 * h);
    const auto scale = load<UnitScale, 8>(from + kXScalesAt + 8 * (u * kTile.x + row));
    out.scale = scale.scale;
    out.low = (i16)(scale.sums & 0xffff);
    out.high = scale.sums >> 16;
    return out;
  }
  // The integer sums of a unit's products: of its halves, or of both in the first.
  struct Dots {
    i32 x[T::kHalfScales ? 2 : 1];
  };
  // Of all rows of a lane by turns: one dot does not wait for another.
  __device__ static __inline__ void dot_units(const Weights (&w)[kW], const Values& x,
                                              Dots (&dots)[kW]) {
    if constexpr (T::kCoarse) {
#pragma unroll
      for (int i = 0; i < 8; ++i) {
#pragma unroll
        for (int j = 0; j < kW; ++j) {
          const i32 codes = w[j].coarse[i / 4].x[i % 4], values = x.q[i / 4].x[i % 4];
          i32& dot = dots[j].x[0];
          dot = i == 0 ? A::dot4_first(codes, values) : A::dot4(codes, values, dot);
        }
      }
#pragma unroll
      for (int j = 0; j < kW; ++j) dots[j].x[0] *= 8;
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const bool first = !T::kCoarse && (i == 0 || (T::kHalfScales && i == 4));
#pragma unroll
      for (int j = 0; j < kW; ++j) {
        const i32 codes = w[j].q[i / 4].x[i % 4], values = x.q[i / 4].x[i % 4];
        i32& dot = dots[j].x[T::kHalfScales ? i / 4 : 0];
        dot = first ? A::dot4_first(codes, values) : A::dot4(codes, values, dot);
      }
    }
  }
  // sum + the unit's product.
  __device__ static __inline__ float add_unit(const Weights& w, const Values& x, const Dots& dots,
                                              float sum) {
    const auto& scale = w.scales.x;
    if constexpr (!T::kHalfScales && !T::kHasMin) {
      return __builtin_fmaf((float)dots.x[0] * x.scale, scale[0], sum);
    }
    float y = (float)dots.x[0] * scale[0];
    if constexpr (T::kHalfScales) y = __builtin_fmaf((float)dots.x[1], scale[1], y);
    if constexpr (T::kHasMin && T::kHalfScales) {
      y = __builtin_fmaf((float)x.low, scale[2], y);
      y = __builtin_fmaf((float)x.high, scale[3], y);
    } else if constexpr (T::kHasMin) {
      y = __builtin_fmaf((float)(x.low + x.high), scale[1], y);
    }
    return __builtin_fmaf(y, x.scale, sum);
  }
  __device__ static __inline__ i32 row_of_lane(i32 lane, int r) {
    return 16 * (r / 4) + DotLayout::row(lane, 2 * (r % 4));
  }
  __device__ __inline__ void multiply(i32 step, Sums& sums) const {
    const i32 lane = A::lane(), wave = A::uniform(A::thread() / A::kWave);
    const i32 across = wave % (kTile.waves_x * kTile.waves_w);
    const i32 first_w = across % kTile.waves_w * (16 * Gemm::kTilesW);
    const i32 first_x = across / kTile.waves_w * (16 * Gemm::kTilesX);
    const i32 first_u = wave / (kTile.waves_x * kTile.waves_w) * kUnitsOfWave;
    const u8* from = stage(step);
#pragma unroll 1
    for (i32 u = first_u; u < first_u + kUnitsOfWave; ++u) {
      Weights w[kW];
#pragma unroll
      for (int j = 0; j < kW; ++j) {
        w[j] = weights_of(from, first_w + 16 * (j / 2) + DotLayout::column(lane, j % 2), u);
      }
      // A row's values are under way while those of the row before are used.
      Values next = values_of(from, first_x + DotLayout::row(lane, 0), u);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const Values x = next;
        if (r + 1 < kRows) next = values_of(from, first_x + row_of_lane(lane, r + 1), u);
        Dots dots[kW];
        dot_units(w, x, dots);
        const auto sum = [&](int j) RF_INLINE -> float& {
          return sums.at[r / 4][j / 2][2 * (r % 4) + j % 2];
        };
        float now[kW];
#pragma unroll
        for (int j = 0; j < kW; ++j) now[j] = add_unit(w[j], x, dots[j], sum(j));
        A::keep_order(now);  // values of all rows at once are more than the registers hold
#pragma unroll
        for (int j = 0; j < kW; ++j) sum(j) = now[j];
      }
    }
  }

  __device__ __inline__ void product(const Where& t, Sums& sums) const {
    const i32 n_steps = (gemm.a.weight.cols + kTile.k - 1) / kTile.k;
    const From from = find(t);
    Held held;
    fetch(from, 0, held);
    put(held, 0);
    if (n_steps > 1) fetch(from, 1, held);
    A::barrier();
#pragma unroll 1
    for (i32 step = 0; step < n_steps; ++step) {
      multiply(step, sums);
      if (step + 1 < n_steps) {
        put(held, step + 1);  // all waves are past the step before this one
        if (step + 2 < n_steps) fetch(from, step + 2, held);
      }
      A::barrier();
    }
  }
};

}  // namespace rocmforge::gpu
