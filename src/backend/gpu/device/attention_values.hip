// attention_values: y[row, h] = sum over positions t of w[row, h, t] * v[t, h / group].
// w [n, n_heads, columns] -> y [n, n_heads * d]; positions from the sequence's end on hold nothing.
// The plain form, for graphs that are not fused: a workgroup a row and head, a thread a dimension.
// Bound by reading V.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/kv.h"
#include "backend/gpu/device/reduce.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/attention_values_args.h"

namespace rocmforge::gpu {

template <class A, class T>
__device__ __inline__ void attention_values(const AttentionValuesArgs& a) {
  __shared__ i32 scratch[kRowThreads / 32];
  const Step step{a.step};
  const i32 n = step.header().n_rows, d = a.kv.head_dim;
  for (i32 task = A::group_x(); task < n * a.n_heads; task += a.grid.x) {
    const i32 row = task / a.n_heads, head = task % a.n_heads;
    const i32 end = min_of(a.columns, sequence_end<A, kRowThreads>(step, row, [&](i32 x) {
                             return max_group<A, kRowThreads>(x, scratch);
                           }));
    const i32* table = step.block_table(step.sequences()[row]);
    const float* w = a.w + task * a.w_stride;
    const i32 kv_head = head / (a.n_heads / a.kv.n_kv_heads);
    for (i32 i = A::thread(); i < d; i += kRowThreads) {
      float sum = 0;
      for (i32 t = 0; t < end; ++t) {
        const T* v = kv_at_position<T>(a.kv, table, t, kValues, kv_head);
        sum = __builtin_fmaf(w[t], (float)v[i], sum);
      }
      a.y[(i64)row * a.n_heads * d + head * d + i] = sum;
    }
  }
}

RF_KERNEL(kRowThreads) attention_values_f16(AttentionValuesArgs a) {
  attention_values<Arch, f16>(a);
}
RF_KERNEL(kRowThreads) attention_values_f32(AttentionValuesArgs a) {
  attention_values<Arch, float>(a);
}

}  // namespace rocmforge::gpu
