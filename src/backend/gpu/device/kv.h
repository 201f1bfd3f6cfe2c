// The paged KV state of one layer: [block][K, V][kv head][kKvBlockTokens][head_dim] of T.
#pragma once

#include "backend/gpu/device/rope.h"
#include "backend/gpu/device/step.h"

namespace rocmforge::gpu {

enum KvSide : i32 { kKeys = 0, kValues = 1 };

// One head's vector at a place of a block.
template <class T>
__device__ __inline__ T* kv_vector(const KvArgs& kv, i32 block, i32 place, KvSide side, i32 head) {
  const i64 at = ((i64)block * 2 + side) * kv.n_kv_heads + head;
  return static_cast<T*>(kv.layer) + (at * kKvBlockTokens + place) * kv.head_dim;
}
template <class T>
__device__ __inline__ T* kv_at_slot(const KvArgs& kv, i32 slot, KvSide side, i32 head) {
  return kv_vector<T>(kv, slot / kKvBlockTokens, slot % kKvBlockTokens, side, head);
}
template <class T>
__device__ __inline__ const T* kv_at_position(const KvArgs& kv, const i32* block_table,
                                              i32 position, KvSide side, i32 head) {
  return kv_vector<T>(kv, block_table[position / kKvBlockTokens], position % kKvBlockTokens, side,
                      head);
}

// One past the last position of row `row`'s sequence: the positions that hold keys and values once
// this step's are written. All threads of the workgroup call it.
template <class A, int kThreads, class Max>
__device__ __inline__ i32 sequence_end(const Step& step, i32 row, Max max_all) {
  const i32 n = step.header().n_rows;
  const i32 sequence = step.sequences()[row];
  i32 end = 0;
  for (i32 r = A::thread(); r < n; r += kThreads) {
    if (step.sequences()[r] == sequence) end = max_of(end, step.positions()[r] + 1);
  }
  return max_all(end);
}

}  // namespace rocmforge::gpu
