// matmul for many rows with quantized weights: y = x W^T + bias by the matrix units, x prepared by
// quantize_rows. Shapes and epilogues are those of matmul.h.
//
// A workgroup makes a tile of 64 outputs by 64 rows of x. 128 columns at a time, weights are
// decoded to int8 and, with the activations, put into LDS: one unit of 32 columns a thread. Waves
// take 16 outputs each; per unit one int8 product of k = 32 (two where halves have scales of their
// own, the other half being 0), whose sums are scaled into F32. Bound by the products; this first
// form does not overlap the staging with them, and scales after every unit.
#pragma once

#include "backend/gpu/device/matmul.h"

namespace rocmforge::gpu {

template <class A, class T>
struct Gemm {
  using Mma = typename A::I8;
  static constexpr int kThreads = kMatMulThreads;
  static constexpr int kTile = 64;  // outputs, and rows of x
  static constexpr int kUnits = 4;  // a stage
  static constexpr int kWaves = kThreads / A::kWave;
  static constexpr int kAcross = kTile / 16;                      // waves along the outputs
  static constexpr int kTiles = kTile / 16 / (kWaves / kAcross);  // of x, a wave
  static constexpr bool kHalves = !T::kSingle || T::kHalfScales;
  static constexpr int kParts = kHalves ? 2 : 1;
  // Bytes of an LDS row: 16 more than its columns, so that rows start in different banks.
  static constexpr int kStride = 32 * kUnits + 16;

  struct Lds {
    alignas(16) i8 w[kParts][kTile * kStride];
    alignas(16) i8 x[kTile * kStride];
    float w_scale[kParts][kUnits][kTile];
    float w_min[kUnits][kTile];
    float x_scale[kUnits][kTile];
    float x_sum[kUnits][kTile];  // scaled
  };
  struct Sums {
    float at[kTiles][Mma::kPerLane];
  };

  const MatMulArgs& a;
  Lds& lds;

  // One unit of a weight row into LDS, offsets taken off: bytes q - zero.
  template <class U>
  __device__ __inline__ void stage_weight(const PlaneRow& row, i32 u, i32 r, i32 slot) {
    const Unit unit = load_unit<A, U>(row, u);
    i32 q[8];
    for (int i = 0; i < 8; ++i) {
      // No carries: codes are below 64 where there is a zero.
      q[i] = U::kZero == 0
                 ? unit.q[i]
                 : (i32)(((u32)unit.q[i] + (128U - (u32)U::kZero) * 0x01010101U) ^ 0x80808080U);
    }
    for (int p = 0; p < kParts; ++p) {
      auto* to = reinterpret_cast<i32*>(lds.w[p] + r * kStride + 32 * slot);
      for (int i = 0; i < 8; ++i) to[i] = kHalves && i / 4 != p ? 0 : q[i];
      lds.w_scale[p][slot][r] = U::kHalfScales ? unit.d * (float)unit.scale[p] : unit.d;
    }
    lds.w_min[slot][r] = U::kHasMin ? unit.m : 0.0F;
  }

  // This thread's share of columns [32 u, 32 (u + kUnits)): one unit of one row of each side.
  __device__ __inline__ void stage(const PlaneRow& w_row, WeightType type, i32 x_row,
                                   i32 first_unit) {
    const i32 n_units = a.weight.cols / 32;
    const i32 r = A::thread() / kUnits, slot = A::thread() % kUnits, u = first_unit + slot;
    if (u >= n_units) {  // zeros add nothing
      for (int p = 0; p < kParts; ++p) lds.w_scale[p][slot][r] = 0;
      lds.w_min[slot][r] = lds.x_scale[slot][r] = lds.x_sum[slot][r] = 0;
      for (int i = 0; i < 8; ++i) {
        for (int p = 0; p < kParts; ++p) {
          reinterpret_cast<i32*>(lds.w[p] + r * kStride + 32 * slot)[i] = 0;
        }
        reinterpret_cast<i32*>(lds.x + r * kStride + 32 * slot)[i] = 0;
      }
      return;
    }
    if constexpr (T::kSingle) {
      stage_weight<T>(w_row, u, r, slot);
    } else {
      with_type(type, [&](auto t) {
        using U = decltype(t);
        if constexpr (U::kQuantized) stage_weight<U>(w_row, u, r, slot);
      });
    }
    const i64 at = (i64)x_row * n_units + u;
    const auto* from = reinterpret_cast<const I32x4*>(a.q.values + 32 * at);
    auto* to = reinterpret_cast<I32x4*>(lds.x + r * kStride + 32 * slot);
    to[0] = from[0];
    to[1] = from[1];
    const float scale = a.q.scales[at];
    lds.x_scale[slot][r] = scale;
    lds.x_sum[slot][r] = scale * (float)(a.q.sums[2 * at] + a.q.sums[2 * at + 1]);
  }

  __device__ __inline__ void multiply(Sums& sums) {
    const i32 lane = A::lane(), wave = A::uniform(A::thread() / A::kWave);
    const i32 w_first = 16 * (wave % kAcross), x_first = 16 * kTiles * (wave / kAcross);
    for (i32 slot = 0; slot < kUnits; ++slot) {
      for (int p = 0; p < kParts; ++p) {
        const auto w = Mma::load(lds.w[p] + w_first * kStride + 32 * slot, kStride, lane);
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
          const i32 x_row = x_first + 16 * t;
          const auto x = Mma::load(lds.x + x_row * kStride + 32 * slot, kStride, lane);
          typename Mma::Sum c;
          for (int i = 0; i < Mma::kPerLane; ++i) c[i] = 0;
          c = Mma::multiply(w, x, c);
#pragma unroll
          for (int i = 0; i < Mma::kPerLane; ++i) {
            const i32 row = w_first + Mma::row(lane, i), column = x_row + Mma::column(lane, i);
            const float scaled = (float)c[i] * lds.x_scale[slot][column];
            sums.at[t][i] = __builtin_fmaf(scaled, lds.w_scale[p][slot][row], sums.at[t][i]);
            if (p == 0) {
              sums.at[t][i] =
                  __builtin_fmaf(lds.w_min[slot][row], lds.x_sum[slot][column], sums.at[t][i]);
            }
          }
        }
      }
    }
  }

  // A row of the weight, which differs from thread to thread.
  struct Row {
    PlaneRow at;
    WeightType type;
    float bias;
  };
  __device__ __inline__ Row find_row(i32 row) const {
    const SegmentArgs& s = a.weight.segments[segment_of(a.weight, row)];
    const i32 r = row - s.begin;
    Row out;
    if constexpr (T::kSingle) {
      out.at = row_in<T>(s, r, a.weight.cols);
    } else {
      out.at = {s.q, s.high, s.scales, s.super};
      with_type(s.type, [&](auto t) {
        using U = decltype(t);
        if constexpr (U::kQuantized) out.at = row_in<U>(out.at, r, a.weight.cols);
      });
    }
    out.type = s.type;
    out.bias = s.bias != nullptr ? s.bias[r] : 0.0F;
    return out;
  }

  // Weight rows [first_w, first_w + 64) by rows [first_x, first_x + 64) of x; rows past the ends
  // repeat the last one.
  __device__ __inline__ void product(i32 first_w, i32 end_w, i32 first_x, i32 n, Sums& sums) {
    const i32 r = A::thread() / kUnits;
    const i32 row = min_of(first_w + r, end_w - 1), x_row = min_of(first_x + r, n - 1);
    const Row w = find_row(row);
    for (int t = 0; t < kTiles; ++t) {
      for (int i = 0; i < Mma::kPerLane; ++i) sums.at[t][i] = 0;
    }
    for (i32 u = 0; u < a.weight.cols / 32; u += kUnits) {
      A::barrier();  // the stage before is read
      stage(w.at, w.type, x_row, u);
      A::barrier();
      multiply(sums);
    }
  }

  __device__ __inline__ void store(i32 first_w, i32 first_x, i32 n, const Sums& gate,
                                   const Sums& sums) {
    const bool gated = a.epilogue == MatMulEpilogue::kSwiGlu;
    const i32 lane = A::lane(), wave = A::thread() / A::kWave;
#pragma unroll
    for (int t = 0; t < kTiles; ++t) {
#pragma unroll
      for (int i = 0; i < Mma::kPerLane; ++i) {
        const i32 o = first_w + 16 * (wave % kAcross) + Mma::row(lane, i);
        const i32 row = first_x + 16 * (kTiles * (wave / kAcross) + t) + Mma::column(lane, i);
        if (o >= a.outputs || row >= n) continue;
        float y = sums.at[t][i] + find_row(gated ? o + a.outputs : o).bias;
        if (gated) y = silu<A>(gate.at[t][i] + find_row(o).bias) * y;
        if (a.epilogue == MatMulEpilogue::kAdd) y = a.residual[row * a.residual_stride + o] + y;
        a.y[(i64)row * a.outputs + o] = y;
      }
    }
  }

  __device__ __inline__ void run() {
    const i32 n = n_rows(a.rows);
    const bool gated = a.epilogue == MatMulEpilogue::kSwiGlu;
    for (i32 first_x = kTile * A::group_y(); first_x < n; first_x += kTile * a.grid.y) {
      for (i32 first_w = kTile * A::group_x(); first_w < a.outputs; first_w += kTile * a.grid.x) {
        Sums gate, sums;
#pragma unroll 1
        for (i32 part = 0; part < (gated ? 2 : 1); ++part) {
          gate = sums;
          const i32 shift = part * a.outputs;
          product(first_w + shift, a.outputs + shift, first_x, n, sums);
        }
        store(first_w, first_x, n, gate, sums);
      }
    }
  }
};

template <class A, class T>
__device__ __inline__ void matmul_gemm(const MatMulArgs& a) {
  __shared__ typename Gemm<A, T>::Lds lds;
  Gemm<A, T>{a, lds}.run();
}

}  // namespace rocmforge::gpu
