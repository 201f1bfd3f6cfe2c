// quantize: rows of activations as matmul takes them, x [n, cols] -> int8 values, scales, sums and,
// where plain weights want them too, normalised F32. A workgroup a row. Bound by memory.
#include "backend/gpu/device/quantize.h"

#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/quantize_args.h"

namespace rocmforge::gpu {

template <class A>
__device__ __inline__ void quantize(const QuantizeArgs& a) {
  __shared__ float scratch[kRowThreads / 32];
  const i32 n = n_rows(a.rows);
  for (i32 row = A::group_x(); row < n; row += a.grid.x) {
    const float* x = a.x + row * a.x_stride;
    const float factor =
        a.gain != nullptr ? norm_factor<A, kRowThreads>(x, a.cols, a.eps, scratch) : 1.0F;
    const i64 at = (i64)row * a.cols;
    const PreparedRow to{a.f32 + at, a.q.values + at, a.q.scales + at / 32, a.q.sums + at / 16};
    if (a.q.values == nullptr) {
      store_row<A, kRowThreads, true, false>(x, a.gain, factor, a.cols, to);
    } else if (a.f32 == nullptr) {
      store_row<A, kRowThreads, false, true>(x, a.gain, factor, a.cols, to);
    } else {
      store_row<A, kRowThreads, true, true>(x, a.gain, factor, a.cols, to);
    }
  }
}

RF_KERNEL(kRowThreads) quantize_rows(QuantizeArgs a) {
  quantize<Arch>(a);
}

}  // namespace rocmforge::gpu
