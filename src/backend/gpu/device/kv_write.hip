// kv_write: stores k and v [n, n_kv_heads * head_dim] at the step's KV slots, k normalised by heads
// and rotated where there are norm and rope. Bound by memory, and for few rows by the launch. With
// a norm a wave takes a head, since it needs the head's mean square.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/kv.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/kv_write_args.h"

namespace rocmforge::gpu {

// Dimension i of a head's key and value.
template <class T>
__device__ __inline__ void store(const KvWriteArgs& a, i32 slot, i32 head, i32 i, float k,
                                 float v) {
  kv_at_slot<T>(a.kv, slot, kKeys, head)[i] = (T)k;
  kv_at_slot<T>(a.kv, slot, kValues, head)[i] = (T)v;
}

template <class A, class T>
__device__ __inline__ void kv_write_heads(const KvWriteArgs& a) {
  const Step step{a.step};
  const i32 d = a.kv.head_dim, n_heads = a.kv.n_kv_heads;
  constexpr int kWaves = kRowThreads / A::kWave;
  for (i32 row = A::group_y(); row < step.header().n_rows; row += a.grid.y) {
    const i32 slot = step.kv_slots()[row];
    for (i32 head = A::group_x() * kWaves + A::thread() / A::kWave; head < n_heads;
         head += a.grid.x * kWaves) {
      const NormedHead k = normed_head<A>(a.norm, a.k + row * a.k_stride + head * d, d, A::lane());
      const float* v = a.v + row * a.v_stride + head * d;
      for (i32 i = A::lane(); i < d; i += A::kWave) {
        store<T>(a, slot, head, i, head_element(a.rope, k, step.rope_row(row), i), v[i]);
      }
    }
  }
}

template <class A, class T>
__device__ __inline__ void kv_write(const KvWriteArgs& a) {
  if (a.norm.gain != nullptr) return kv_write_heads<A, T>(a);
  const Step step{a.step};
  const i32 d = a.kv.head_dim;
  for_elements<A>(a.grid, step.header().n_rows, a.kv.n_kv_heads * d, [&](i32 row, i32 c) {
    const i32 head = c / d, i = c % d;
    const NormedHead k{a.k + row * a.k_stride + head * d, nullptr, 1};
    store<T>(a, step.kv_slots()[row], head, i, head_element(a.rope, k, step.rope_row(row), i),
             a.v[row * a.v_stride + c]);
  });
}

RF_KERNEL(kRowThreads) kv_write_f16(KvWriteArgs a) {
  kv_write<Arch, f16>(a);
}
RF_KERNEL(kRowThreads) kv_write_f32(KvWriteArgs a) {
  kv_write<Arch, float>(a);
}

}  // namespace rocmforge::gpu
