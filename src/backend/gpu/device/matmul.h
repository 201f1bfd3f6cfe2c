// matmul for few rows: y = x W^T + bias, x [n, cols], W [rows, cols] in planes,
// y [n, outputs]; outputs = rows, or half of it for SwiGLU, whose output o is
// silu(y[o]) * y[o + outputs].
//
// A wave takes one weight row at a time against N rows of x; its lanes stride over the columns:
// units of 32 for quantized types (8 integer dots of 4 a row of x, then one multiply by the
// scales), 4 columns for plain ones. Bound by reading W once; its floor is then the issue of about
// 30 VALU instructions a unit and wave (0.03 a weight). N rows cost one more set of dots each. The
// activations are normalised and quantized once a workgroup into LDS ("lds"), so workgroups are few
// and take many weight rows each, or come prepared from quantize_rows ("mem"), for rows that do not
// fit. More rows than N are taken N at a time (grid y), which reads W again: right, and slow; the
// matrix units are not used here.
#pragma once

#include "backend/gpu/device/math.h"
#include "backend/gpu/device/quantize.h"
#include "backend/gpu/device/step.h"
#include "backend/gpu/device/weights.h"
#include "backend/gpu/ops/matmul_args.h"

namespace rocmforge::gpu {

inline constexpr int kMatMulThreads = 256;

// Segments of several types in one kernel: of plain ones, of quantized ones, or of both.
template <bool kPlain, bool kQuant>
struct Mixed {
  static constexpr bool kSingle = false, kHalfScales = true;
  static constexpr bool kTakesF32 = kPlain, kTakesInt8 = kQuant;
};
using MixedPlain = Mixed<true, false>;
using MixedQuant = Mixed<false, true>;
using MixedAny = Mixed<true, true>;

// Prepared activations, row r of N. Rows past the last one repeat it: in LDS they are there, in
// memory (kClamp) the last one is read again.
template <bool kClamp>
struct Prepared {
  const float* f32;
  i64 f32_stride;
  const i8* values;
  const float* scales;
  const i16* sums;
  i32 cols;
  i32 last;  // row

  __device__ __inline__ i32 row(i32 r) const { return kClamp ? min_of(r, last) : r; }
};

template <class A, class T, int N, bool kClamp>
__device__ __inline__ void dot_quantized(const PlaneRow& w, const Prepared<kClamp>& x,
                                         float (&acc)[N]) {
  const i32 n_units = x.cols / 32;
#pragma clang loop unroll_count(N <= 2 ? 2 : 1)
  for (i32 u = A::lane(); u < n_units; u += A::kWave) {
    const Unit unit = load_unit<A, T>(w, u);
#pragma unroll
    for (int r = 0; r < N; ++r) {
      const i32 row = x.row(r);
      const i64 at = (i64)row * n_units + u;
      const auto* words = reinterpret_cast<const I32x4*>(x.values + 32 * at);
      const I32x4 low = load<I32x4, 16>(words), high = load<I32x4, 16>(words + 1);
      const i32 sums = load<i32, 4>(x.sums + 2 * at);
      const i32 sum_low = (i16)(sums & 0xffff), sum_high = sums >> 16;
      i32 dot_low = T::kHalfScales ? -T::kZero * sum_low : -T::kZero * (sum_low + sum_high);
      i32 dot_high = T::kHalfScales ? -T::kZero * sum_high : 0;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        dot_low = A::dot4(unit.q[i], low.x[i], dot_low);
        dot_high = A::dot4(unit.q[i + 4], high.x[i], dot_high);
      }
      const i32 dot =
          T::kHalfScales ? dot_low * unit.scale[0] + dot_high * unit.scale[1] : dot_low + dot_high;
      if constexpr (T::kHasMin) {
        const float with_min =
            __builtin_fmaf(unit.m, (float)(sum_low + sum_high), unit.d * (float)dot);
        acc[r] = __builtin_fmaf(with_min, x.scales[at], acc[r]);
      } else {
        acc[r] = __builtin_fmaf((float)dot * x.scales[at], unit.d, acc[r]);
      }
    }
  }
}

template <class T>
__device__ __inline__ void load_four(const u8* row, i32 c, float* out) {
  struct __attribute__((packed, aligned(4 * T::kBytes))) Four {
    u8 bytes[4 * T::kBytes];
  };
  const Four four = *reinterpret_cast<const Four*>(row + (i64)c * T::kBytes);
  for (int i = 0; i < 4; ++i) out[i] = T::value_at(four.bytes, i);
}

template <class A, class T, int N, bool kClamp>
__device__ __inline__ void dot_plain(const PlaneRow& w, const Prepared<kClamp>& x,
                                     float (&acc)[N]) {
  const i32 whole = x.cols / 4 * 4;
  for (i32 c = 4 * A::lane(); c < whole; c += 4 * A::kWave) {
    float weight[4];
    load_four<T>(w.q, c, weight);
#pragma unroll
    for (int r = 0; r < N; ++r) {
      const F32x4 four = load<F32x4, 4>(x.f32 + x.row(r) * x.f32_stride + c);
#pragma unroll
      for (int i = 0; i < 4; ++i) acc[r] = __builtin_fmaf(weight[i], four.x[i], acc[r]);
    }
  }
  const i32 c = whole + A::lane();
  if (c >= x.cols) return;
  const float weight = T::value(w, c);
#pragma unroll
  for (int r = 0; r < N; ++r) {
    acc[r] = __builtin_fmaf(weight, x.f32[x.row(r) * x.f32_stride + c], acc[r]);
  }
}

template <class A, class T, int N, bool kClamp>
__device__ __inline__ void dot(const SegmentArgs& s, i32 row, const Prepared<kClamp>& x,
                               float (&acc)[N]) {
  if constexpr (!T::kSingle) {
    with_type(s.type, [&](auto t) {
      using U = decltype(t);
      if constexpr (U::kQuantized ? T::kTakesInt8 : T::kTakesF32) dot<A, U>(s, row, x, acc);
    });
  } else if constexpr (T::kQuantized) {
    dot_quantized<A, T>(row_in<T>(s, row, x.cols), x, acc);
  } else {
    dot_plain<A, T>(row_in<T>(s, row, x.cols), x, acc);
  }
}

// acc = weight row `row` against the rows of x, with its bias, in every lane.
template <class A, class T, int N, bool kClamp>
__device__ __inline__ void weight_row(const WeightArgs& weight, i32 row, const Prepared<kClamp>& x,
                                      float (&acc)[N]) {
  const SegmentArgs& s = weight.segments[segment_of(weight, row)];
  const i32 in_segment = row - s.begin;
  for (int r = 0; r < N; ++r) acc[r] = 0;
  dot<A, T>(s, in_segment, x, acc);
  const float bias = s.bias != nullptr ? s.bias[in_segment] : 0.0F;
  for (int r = 0; r < N; ++r) acc[r] = sum_lanes<A, A::kWave>(acc[r]) + bias;
}

// All of this workgroup's outputs for rows [first, first + N) of x, of which n are the step's.
template <class A, class T, int N, bool kClamp>
__device__ __inline__ void outputs(const MatMulArgs& a, const Prepared<kClamp>& x, i32 first,
                                   i32 n) {
  constexpr int kWaves = kMatMulThreads / A::kWave;
  const bool gated = a.epilogue == MatMulEpilogue::kSwiGlu;
  const i32 wave = A::uniform(A::thread() / A::kWave);
  for (i32 o = A::group_x() * kWaves + wave; o < a.outputs; o += a.grid.x * kWaves) {
    float gate[N], acc[N];
    for (int r = 0; r < N; ++r) gate[r] = 0;
#pragma unroll 1
    for (i32 part = 0; part < (gated ? 2 : 1); ++part) {
      for (int r = 0; r < N; ++r) gate[r] = acc[r];
      weight_row<A, T>(a.weight, o + part * a.outputs, x, acc);
    }
    // Lane r finishes row r.
    const i32 lane = A::lane();
    float y = acc[0], g = gate[0];
#pragma unroll
    for (int r = 1; r < N; ++r) {
      y = lane == r ? acc[r] : y;
      g = lane == r ? gate[r] : g;
    }
    if (lane >= N || first + lane >= n) continue;
    if (gated) y = silu<A>(g) * y;
    if (a.epilogue == MatMulEpilogue::kAdd) {
      y = a.residual[(first + lane) * a.residual_stride + o] + y;
    }
    a.y[(i64)(first + lane) * a.outputs + o] = y;
  }
}

// Dynamic LDS of the "lds" kernels: [N][cols] F32 where plain weights read it, then int8 values,
// scales and sums as QuantizedArgs has them; matmul_plan counts the same bytes.
extern __shared__ __attribute__((aligned(16))) u8 matmul_lds[];

template <class A, class T, int N>
__device__ __inline__ void matmul_lds_rows(const MatMulArgs& a) {
  __shared__ float scratch[kMatMulThreads / 32];
  const i32 cols = a.weight.cols, n = n_rows(a.rows);
  const i32 f32_bytes = T::kTakesF32 ? N * ((cols + 3) / 4 * 16) : 0;
  const i32 f32_stride = (cols + 3) / 4 * 4;
  auto* f32 = reinterpret_cast<float*>(matmul_lds);
  auto* values = reinterpret_cast<i8*>(matmul_lds + f32_bytes);
  auto* scales = reinterpret_cast<float*>(values + N * cols);
  auto* sums = reinterpret_cast<i16*>(scales + N * (cols / 32));
  for (i32 first = N * A::group_y(); first < n; first += N * a.grid.y) {
    const i32 last = min_of(N, n - first) - 1;
    A::barrier();  // the rows before are no longer read
    for (i32 r = 0; r < N; ++r) {
      const float* x = a.x + (first + min_of(r, last)) * a.x_stride;
      const float factor =
          a.gain != nullptr ? norm_factor<A, kMatMulThreads>(x, cols, a.eps, scratch) : 1.0F;
      const PreparedRow to{f32 + r * f32_stride, values + r * cols, scales + r * (cols / 32),
                           sums + r * (cols / 16)};
      store_row<A, kMatMulThreads, T::kTakesF32, T::kTakesInt8>(x, a.gain, factor, cols, to);
    }
    A::barrier();
    const Prepared<false> x{f32, f32_stride, values, scales, sums, cols, last};
    outputs<A, T, N>(a, x, first, n);
  }
}

template <class A, class T, int N>
__device__ __inline__ void matmul_mem_rows(const MatMulArgs& a) {
  const i32 cols = a.weight.cols, n = n_rows(a.rows);
  for (i32 first = N * A::group_y(); first < n; first += N * a.grid.y) {
    const i32 last = min_of(N, n - first) - 1;
    const i64 at = (i64)first * cols;
    const Prepared<(N > 1)> x{a.x + first * a.x_stride,
                              a.x_stride,
                              a.q.values + at,
                              a.q.scales + at / 32,
                              a.q.sums + at / 16,
                              cols,
                              last};
    outputs<A, T, N>(a, x, first, n);
  }
}

}  // namespace rocmforge::gpu
