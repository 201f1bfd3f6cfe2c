// Ops of one element at a time, [n, cols] -> [n, cols] (swiglu: [n, 2 cols] -> [n, cols]). All are
// bound by memory, and for few rows by the launch.
//   add        y = a + b          scale  y = factor * x
//   swiglu     y = silu(x[:, :cols]) * x[:, cols:], silu(t) = t / (1 + exp(-t))
//   mask       y = x where column <= positions[row / heads], else -inf
//   copy, rows y = x, y[i] = x[ids[i]]; an id outside x gives NaN
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/math.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/add_args.h"
#include "backend/gpu/ops/copy_args.h"
#include "backend/gpu/ops/mask_args.h"
#include "backend/gpu/ops/rows_args.h"
#include "backend/gpu/ops/scale_args.h"
#include "backend/gpu/ops/swiglu_args.h"

namespace rocmforge::gpu {

template <class A>
__device__ __inline__ void add(const AddArgs& a) {
  for_elements<A>(a.grid, n_rows(a.rows), a.cols, [&](i32 row, i32 c) {
    a.y[(i64)row * a.cols + c] = a.a[row * a.a_stride + c] + a.b[row * a.b_stride + c];
  });
}

template <class A>
__device__ __inline__ void scale(const ScaleArgs& a) {
  for_elements<A>(a.grid, n_rows(a.rows), a.cols, [&](i32 row, i32 c) {
    a.y[(i64)row * a.cols + c] = a.factor * a.x[row * a.x_stride + c];
  });
}

template <class A>
__device__ __inline__ void swiglu(const SwigluArgs& a) {
  for_elements<A>(a.grid, n_rows(a.rows), a.cols, [&](i32 row, i32 c) {
    const float* x = a.x + row * a.x_stride;
    a.y[(i64)row * a.cols + c] = silu<A>(x[c]) * x[a.cols + c];
  });
}

template <class A>
__device__ __inline__ void mask(const MaskArgs& a) {
  for_elements<A>(a.grid, n_rows(a.rows), a.cols, [&](i32 row, i32 c) {
    const bool seen = c <= a.positions[row / a.heads];
    a.y[(i64)row * a.cols + c] = seen ? a.x[row * a.x_stride + c] : -kInfinity;
  });
}

template <class A>
__device__ __inline__ void copy(const CopyArgs& a) {
  for_elements<A>(a.grid, n_rows(a.rows), a.cols,
                  [&](i32 row, i32 c) { a.y[(i64)row * a.cols + c] = a.x[row * a.x_stride + c]; });
}

template <class A>
__device__ __inline__ void gather(const GatherArgs& a) {
  const i32 m = n_rows(a.x_rows);
  for_elements<A>(a.grid, n_rows(a.rows), a.cols, [&](i32 row, i32 c) {
    const i32 id = a.ids[row];
    const bool inside = id >= 0 && id < m;
    a.y[(i64)row * a.cols + c] = inside ? a.x[id * a.x_stride + c] : 0x7fc00000U;
  });
}

RF_KERNEL(kRowThreads) add_rows(AddArgs a) {
  add<Arch>(a);
}
RF_KERNEL(kRowThreads) scale_rows(ScaleArgs a) {
  scale<Arch>(a);
}
RF_KERNEL(kRowThreads) swiglu_rows(SwigluArgs a) {
  swiglu<Arch>(a);
}
RF_KERNEL(kRowThreads) mask_rows(MaskArgs a) {
  mask<Arch>(a);
}
RF_KERNEL(kRowThreads) copy_rows(CopyArgs a) {
  copy<Arch>(a);
}
RF_KERNEL(kRowThreads) rows_gather(GatherArgs a) {
  gather<Arch>(a);
}

}  // namespace rocmforge::gpu
