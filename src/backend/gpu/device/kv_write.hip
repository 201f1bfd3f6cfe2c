// kv_write: stores k and v [n, n_kv_heads * head_dim] at the step's KV slots, k rotated where there
// is rope. Bound by memory, and for few rows by the launch.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/kv.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/kv_write_args.h"

namespace rocmforge::gpu {

template <class A, class T>
__device__ __inline__ void kv_write(const KvWriteArgs& a) {
  const Step step{a.step};
  const i32 d = a.kv.head_dim;
  for_elements<A>(a.grid, step.header().n_rows, a.kv.n_kv_heads * d, [&](i32 row, i32 c) {
    const i32 slot = step.kv_slots()[row], head = c / d, i = c % d;
    const float* k = a.k + row * a.k_stride + head * d;
    kv_at_slot<T>(a.kv, slot, kKeys, head)[i] =
        (T)(a.rope.n_rot > 0 ? rope_element(a.rope, k, step.rope_row(row), i) : k[i]);
    kv_at_slot<T>(a.kv, slot, kValues, head)[i] = (T)a.v[row * a.v_stride + c];
  });
}

RF_KERNEL(kRowThreads) kv_write_f16(KvWriteArgs a) {
  kv_write<Arch, f16>(a);
}
RF_KERNEL(kRowThreads) kv_write_f32(KvWriteArgs a) {
  kv_write<Arch, float>(a);
}

}  // namespace rocmforge::gpu
