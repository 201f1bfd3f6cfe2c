// Keys and values of the step's own rows, stored by the workgroup that attends to them.
#pragma once

#include "backend/gpu/device/kv.h"
#include "backend/gpu/ops/paged_attention_args.h"

namespace rocmforge::gpu {

// Of one KV head, d dimensions: the rows of the item's sequence that lie in its range of positions.
// T: of the cache. All kThreads of the workgroup call it.
template <class A, class T, int kThreads>
__device__ __inline__ void store_new_kv(const PagedAttentionArgs& a, const Step& step,
                                        const WorkItemArgs& item, i32 kv_head, i32 d) {
#pragma unroll 1
  for (i32 row = 0; row < step.header().n_rows; ++row) {
    const i32 position = step.positions()[row];
    if (step.sequences()[row] != item.sequence || position < item.kv_begin ||
        position >= item.kv_end) {
      continue;
    }
    const i32 slot = step.kv_slots()[row];
    const NormedHead k =
        normed_head<A>(a.k_norm, a.k + row * a.k_stride + kv_head * d, d, A::lane());
    const float* v = a.v + row * a.v_stride + kv_head * d;
    for (i32 i = A::thread(); i < d; i += kThreads) {
      kv_at_slot<T>(a.kv, slot, kKeys, kv_head)[i] =
          (T)head_element(a.rope, k, step.rope_row(row), i);
      kv_at_slot<T>(a.kv, slot, kValues, kv_head)[i] = (T)v[i];
    }
  }
}

}  // namespace rocmforge::gpu
