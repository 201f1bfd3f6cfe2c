// probe: whether code of this target runs at all. Each lane leaves a number that only it can know;
// a driver that tells no architecture is asked for it by this kernel (backend/gpu/probe.h).
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/ops/probe_args.h"

namespace rocmforge::gpu {

RF_KERNEL(kProbeThreads) probe(ProbeArgs a) {
  const i32 i = Arch::group_x() * kProbeThreads + Arch::thread();
  // Integer products by the instructions that matmul wants: what a relative may lack.
  a.out[i] = Arch::dot4(i, a.factor, Arch::kWave);
}

}  // namespace rocmforge::gpu
