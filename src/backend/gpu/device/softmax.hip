// softmax: y = exp(x - max) / sum exp(x - max) over each row, [n, cols] -> [n, cols]; -inf gives 0.
// A workgroup a row. Bound by memory: x twice, y twice (from cache for rows of a few thousand).
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/math.h"
#include "backend/gpu/device/reduce.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/softmax_args.h"

namespace rocmforge::gpu {

template <class A>
__device__ __inline__ void softmax(const SoftmaxArgs& a) {
  __shared__ float scratch[kRowThreads / 32];
  const i32 n = n_rows(a.rows);
  for (i32 row = A::group_x(); row < n; row += a.grid.x) {
    const float* x = a.x + row * a.x_stride;
    float* y = a.y + (i64)row * a.cols;
    float largest = -kInfinity;
    for (i32 c = A::thread(); c < a.cols; c += kRowThreads) largest = max_of(largest, x[c]);
    largest = max_group<A, kRowThreads>(largest, scratch);
    float sum = 0;
    for (i32 c = A::thread(); c < a.cols; c += kRowThreads) {
      const float e = exp<A>(x[c] - largest);
      y[c] = e;
      sum += e;
    }
    sum = sum_group<A, kRowThreads>(sum, scratch);
    const float factor = 1.0F / sum;
    for (i32 c = A::thread(); c < a.cols; c += kRowThreads) y[c] *= factor;
  }
}

RF_KERNEL(kRowThreads) softmax_rows(SoftmaxArgs a) {
  softmax<Arch>(a);
}

}  // namespace rocmforge::gpu
