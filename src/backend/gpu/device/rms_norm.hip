// rms_norm: y = x / sqrt(mean(x^2) + eps) * gain over each run of `length` columns.
// x [n, cols], gain [length] -> y [n, cols]. Bound by memory: x twice (once from cache), y once.
// Short runs (single heads) take a wave each, long ones a workgroup.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/reduce.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/rms_norm_args.h"

namespace rocmforge::gpu {

// One run by kThreads threads, of which this is number `thread`.
template <class A, int kThreads, class Sum>
__device__ __inline__ void norm_run(const RmsNormArgs& a, i64 run, i32 thread, Sum sum_all) {
  const i32 runs_per_row = a.cols / a.length;
  const i64 row = run / runs_per_row;
  const i32 begin = (i32)(run % runs_per_row) * a.length;
  const float* x = a.x + row * a.x_stride + begin;
  float* y = a.y + row * a.cols + begin;
  float squares = 0;
  for (i32 c = thread; c < a.length; c += kThreads) squares = __builtin_fmaf(x[c], x[c], squares);
  squares = sum_all(squares);
  const float factor = 1.0F / __builtin_sqrtf(squares / (float)a.length + a.eps);
  for (i32 c = thread; c < a.length; c += kThreads) y[c] = x[c] * factor * a.gain[c];
}

template <class A>
__device__ __inline__ void norm_by_group(const RmsNormArgs& a) {
  __shared__ float scratch[kRowThreads / 32];
  const i64 n = (i64)n_rows(a.rows) * (a.cols / a.length);
  for (i64 run = A::group_x(); run < n; run += a.grid.x) {
    norm_run<A, kRowThreads>(a, run, A::thread(),
                             [&](float x) { return sum_group<A, kRowThreads>(x, scratch); });
  }
}

template <class A>
__device__ __inline__ void norm_by_wave(const RmsNormArgs& a) {
  constexpr int kWaves = kRowThreads / A::kWave;
  const i64 n = (i64)n_rows(a.rows) * (a.cols / a.length);
  const i64 first = (i64)A::group_x() * kWaves + A::thread() / A::kWave;
  for (i64 run = first; run < n; run += (i64)a.grid.x * kWaves) {
    norm_run<A, A::kWave>(a, run, A::lane(), [](float x) { return sum_lanes<A, A::kWave>(x); });
  }
}

RF_KERNEL(kRowThreads) rms_norm_group(RmsNormArgs a) {
  norm_by_group<Arch>(a);
}
RF_KERNEL(kRowThreads) rms_norm_wave(RmsNormArgs a) {
  norm_by_wave<Arch>(a);
}

}  // namespace rocmforge::gpu
