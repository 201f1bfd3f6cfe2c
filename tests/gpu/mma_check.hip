// The matrix units alone: C = A B^T, one tile and one step of k, so that the lane layouts of
// device/arch can be checked on a card or an emulator.
#include "backend/gpu/device/arch/arch.h"
#include "gpu/mma_check_args.h"

namespace rocmforge::gpu {

template <class A, class Mma, class In, class Out>
__device__ __inline__ void mma_check(const gputest::MmaCheckArgs& a) {
  const i32 lane = A::lane();
  const auto x = Mma::load(static_cast<const In*>(a.a), Mma::kK, lane);
  const auto y = Mma::load(static_cast<const In*>(a.b), Mma::kK, lane);
  typename Mma::Sum sum;
  for (int i = 0; i < Mma::kPerLane; ++i) sum[i] = 0;
  sum = Mma::multiply(x, y, sum);
  for (int i = 0; i < Mma::kPerLane; ++i) {
    static_cast<Out*>(a.c)[Mma::row(lane, i) * Mma::kN + Mma::column(lane, i)] = sum[i];
  }
}

RF_KERNEL(Arch::kWave) mma_check_i8(gputest::MmaCheckArgs a) {
  mma_check<Arch, Arch::I8, i8, i32>(a);
}
RF_KERNEL(Arch::kWave) mma_check_f16(gputest::MmaCheckArgs a) {
  mma_check<Arch, Arch::F16, f16, float>(a);
}
RF_KERNEL(Arch::kWave) mma_check_bf16(gputest::MmaCheckArgs a) {
  mma_check<Arch, Arch::BF16, u16, float>(a);
}

}  // namespace rocmforge::gpu
