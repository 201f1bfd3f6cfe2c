// attention_scores: y[row, h, t] = q[row, h] . k[t, h / group], unscaled, by position; 0 from the
// sequence's end on. q [n, n_heads * d] -> y [n, n_heads, columns]. The plain form, for graphs that
// are not fused: a workgroup a row and head, a thread a position. Bound by reading K.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/kv.h"
#include "backend/gpu/device/reduce.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/attention_scores_args.h"

namespace rocmforge::gpu {

template <class A, class T>
__device__ __inline__ void attention_scores(const AttentionScoresArgs& a) {
  __shared__ i32 scratch[kRowThreads / 32];
  const Step step{a.step};
  const i32 n = step.header().n_rows, d = a.kv.head_dim;
  for (i32 task = A::group_x(); task < n * a.n_heads; task += a.grid.x) {
    const i32 row = task / a.n_heads, head = task % a.n_heads;
    const i32 end = sequence_end<A, kRowThreads>(
        step, row, [&](i32 x) { return max_group<A, kRowThreads>(x, scratch); });
    const i32* table = step.block_table(step.sequences()[row]);
    const float* q = a.q + row * a.q_stride + head * d;
    const i32 kv_head = head / (a.n_heads / a.kv.n_kv_heads);
    for (i32 t = A::thread(); t < a.columns; t += kRowThreads) {
      float sum = 0;
      if (t < end) {
        const T* k = kv_at_position<T>(a.kv, table, t, kKeys, kv_head);
        for (i32 i = 0; i < d; ++i) sum = __builtin_fmaf(q[i], (float)k[i], sum);
      }
      a.y[(i64)task * a.columns + t] = sum;
    }
  }
}

RF_KERNEL(kRowThreads) attention_scores_f16(AttentionScoresArgs a) {
  attention_scores<Arch, f16>(a);
}
RF_KERNEL(kRowThreads) attention_scores_f32(AttentionScoresArgs a) {
  attention_scores<Arch, float>(a);
}

}  // namespace rocmforge::gpu
