// random: blocks of made-up weights by the rule of tensor/quant/random.h, in the file's layout.
// -> out [n_blocks][block_bytes]. A thread makes a block. Bound by integer arithmetic (three 64-bit
// products for 8 bytes); runs once, at load.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/ops/random_args.h"

namespace rocmforge::gpu {

inline constexpr int kRandomThreads = 256;

template <class A>
__device__ __inline__ void random(const RandomArgs& a) {
  for (i64 i = (i64)A::group_x() * kRandomThreads + A::thread(); i < a.n_blocks;
       i += (i64)a.grid.x * kRandomThreads) {
    quant::random_block(a.rule, a.seed, (u64)(a.first_block + i), a.out + i * a.rule.block_bytes);
  }
}

RF_KERNEL(kRandomThreads) random_blocks(RandomArgs a) {
  random<Arch>(a);
}

}  // namespace rocmforge::gpu
