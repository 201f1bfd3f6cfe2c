// What matmul for few rows is made of: a lane's units of weight rows, the activations in LDS that
// they meet, and the sums of a wave.
#pragma once

#include "backend/gpu/device/activations.h"
#include "backend/gpu/device/weights.h"

namespace rocmforge::gpu {

// A slice of N rows in LDS. Units are halved, so that the lanes' loads of 16 bytes follow one
// another: of int8, 16 columns of each unit of 32; of F32, 4 of each 8.
struct Slice {
  float* f32;
  i8* values;
  UnitScale* scales;
  i32 cols;  // LDS row: whole units
};

template <class T>
struct UnitOf {
  static constexpr i32 kColumns = T::kQuantized ? 32 : 8;
  // Ready for products, it takes twice the registers.
  static constexpr bool kWide = T::kQuantized && T::kCoarse;
};

// Eight columns of a plain row, unit u from `row` on, of which there are `cols`; those past the
// row's padded end are 0.
template <class T>
__device__ __inline__ Raw load_plain(const PlaneRow& row, i32 u, i32 cols) {
  constexpr int kBytes = 8 * T::kBytes;
  Raw raw;
#pragma unroll
  for (int i = 0; i < kBytes / 16; ++i) {
    const i32 at = kBytes * u + 16 * i;
    if (i == 0 || at < T::kBytes * cols) {
      raw.q[i] = load<I32x4, 16>(row.q + at);
    } else {
      raw.q[i] = {{0, 0, 0, 0}};
    }
  }
  return raw;
}
// The row from unit u on. A lane's units of 32 columns are 32 or 64 apart, and the first of each
// is its lane's: the plane of 256 columns' shares is exact for it.
template <class T>
__device__ __inline__ PlaneRow at_unit(PlaneRow row, i32 u) {
  constexpr PlaneBytes kPlanes = T::kPlanes;
  row.q += (T::kQuantized ? kPlanes.q : 8 * kPlanes.q) * u;
  if constexpr (kPlanes.high != 0) row.high += kPlanes.high * u;
  if constexpr (kPlanes.scales != 0) row.scales += kPlanes.scales * u;
  if constexpr (kPlanes.super != 0)
    row.super += kPlanes.super * (u / (kSuperColumns / kUnitColumns));
  return row;
}
template <class T>
__device__ __inline__ void plain_values(const Raw& raw, float (&w)[8]) {
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    if constexpr (T::kBytes == 4) {
      w[i] = bits_as<float>(raw.q[i / 4].x[i % 4]);
    } else {
      const u32 word = (u32)raw.q[0].x[i / 2];
      if constexpr (__is_same(T, BF16)) {
        w[i] = bits_as<float>(i % 2 == 0 ? word << 16 : word & 0xffff0000U);
      } else {
        w[i] = half_of(word >> (16 * (i % 2)));
      }
    }
  }
}

// A unit of a weight row, ready for products.
template <class T>
struct Ready {
  Unit unit;
  float plain[8];
};
template <class A, class T>
__device__ __inline__ Ready<T> make_ready(const Raw& raw) {
  Ready<T> out;
  if constexpr (T::kQuantized) {
    out.unit = T::template decode<A>(raw);
  } else {
    plain_values<T>(raw, out.plain);
  }
  return out;
}

// acc[r][n] += unit u of R weight rows times N rows of x.
template <class A, class T, bool kHalfSums, int N, int R>
__device__ __inline__ void dot_unit(const Ready<T> (&w)[R], const Slice& x, i32 u,
                                    float (&acc)[R][N]) {
  if constexpr (!T::kQuantized) {
#pragma unroll
    for (int n = 0; n < N; ++n) {
      const float* at = x.f32 + n * x.cols + 4 * u;
      const F32x4 low = load<F32x4, 16>(at), high = load<F32x4, 16>(at + x.cols / 2);
#pragma unroll
      for (int r = 0; r < R; ++r) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          acc[r][n] = __builtin_fmaf(w[r].plain[i], low.x[i], acc[r][n]);
          acc[r][n] = __builtin_fmaf(w[r].plain[i + 4], high.x[i], acc[r][n]);
        }
      }
    }
  } else {
#pragma unroll
    for (int n = 0; n < N; ++n) {
      const i8* at = x.values + n * x.cols + 16 * u;
      const I32x4 low = load<I32x4, 16>(at), high = load<I32x4, 16>(at + x.cols / 2);
      const auto scale = load<UnitScale, 8>(x.scales + n * (x.cols / 32) + u);
      const i32 sum_low = kHalfSums ? (i16)(scale.sums & 0xffff) : 0;
      const i32 sum_high = kHalfSums ? scale.sums >> 16 : scale.sums;
#pragma unroll
      for (int r = 0; r < R; ++r) {
        const Unit& unit = w[r].unit;
        i32 dot_low = T::kHalfScales ? -T::kZero * sum_low : -T::kZero * (sum_low + sum_high);
        i32 dot_high = T::kHalfScales ? -T::kZero * sum_high : 0;
        if constexpr (T::kCoarse) {
#pragma unroll
          for (int i = 0; i < 4; ++i) {
            dot_low = A::dot4(unit.coarse[i], low.x[i], dot_low);
            dot_low = A::dot4(unit.coarse[i + 4], high.x[i], dot_low);
          }
          dot_low = 8 * dot_low - T::kZero * (sum_low + sum_high);
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          dot_low = A::dot4(unit.q[i], low.x[i], dot_low);
          if constexpr (T::kHalfScales) {
            dot_high = A::dot4(unit.q[i + 4], high.x[i], dot_high);
          } else {
            dot_low = A::dot4(unit.q[i + 4], high.x[i], dot_low);
          }
        }
        const i32 dot =
            T::kHalfScales ? dot_low * unit.scale[0] + dot_high * unit.scale[1] : dot_low;
        if constexpr (T::kHasMin) {
          const i32 sum =
              T::kHalfScales ? sum_low * unit.min[0] + sum_high * unit.min[1] : sum_low + sum_high;
          const float with_min = __builtin_fmaf(unit.m, (float)sum, unit.d * (float)dot);
          acc[r][n] = __builtin_fmaf(with_min, scale.scale, acc[r][n]);
        } else {
          acc[r][n] = __builtin_fmaf((float)dot * scale.scale, unit.d, acc[r][n]);
        }
      }
    }
  }
}

template <class T>
__device__ __inline__ Raw load_unit(const PlaneRow& row, i32 u, i32 cols) {
  if constexpr (T::kQuantized) {
    return load_raw<T>(row, u);
  } else {
    return load_plain<T>(row, u, cols);
  }
}

// Sums V values over a wave's lanes, V a power of two: lane l gets the sum of value
// l / (kWave / V), its lanes sharing the work at every step.
template <class A, int kSpan, int V>
__device__ __inline__ float sum_many(const float (&v)[V]) {
  if constexpr (V == 1) {
    return sum_lanes<A, kSpan>(v[0]);
  } else {
    const bool upper = (A::lane() & (kSpan / 2)) != 0;
    float rest[V / 2];
#pragma unroll
    for (int i = 0; i < V / 2; ++i) {
      const i32 low = bits_as<i32>(v[i]), high = bits_as<i32>(v[i + V / 2]);
      const i32 received = A::template xor_lane<kSpan / 2>(upper ? low : high);
      rest[i] = bits_as<float>(upper ? high : low) + bits_as<float>(received);
    }
    return sum_many<A, kSpan / 2>(rest);
  }
}

}  // namespace rocmforge::gpu
