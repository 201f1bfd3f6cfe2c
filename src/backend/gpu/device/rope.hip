// rope: rotates pairs of each head's first n_rot dimensions by the step's angles.
// x [n, heads * head_dim], angles [n, n_rot] -> [n, heads * head_dim]. Bound by memory.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/rope.h"

#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/rope_args.h"

namespace rocmforge::gpu {

template <class A>
__device__ __inline__ void rope(const RopeArgs& a) {
  for_elements<A>(a.grid, n_rows(a.rows), a.cols, [&](i32 row, i32 c) {
    const i32 d = c % a.rope.head_dim;
    a.y[(i64)row * a.cols + c] =
        rope_element(a.rope, a.x + row * a.x_stride + (c - d), a.angles + row * a.angles_stride, d);
  });
}

RF_KERNEL(kRowThreads) rope_rows(RopeArgs a) {
  rope<Arch>(a);
}

}  // namespace rocmforge::gpu
