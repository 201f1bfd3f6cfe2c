// repack: units of a segment from blocks in the file's layout into planes, bit for bit. from
// [n / units a block] blocks -> rows [first_row, ...) of the planes q, high, scales, super. A
// thread takes a unit (an element of a plain type): its writes lie beside its neighbours', its
// reads do but for a block's bytes. Bound by memory: each byte is read once and written once.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/weights.h"
#include "backend/gpu/ops/repack_args.h"

namespace rocmforge::gpu {

inline constexpr int kRepackThreads = 256;

template <class A, class T>
__device__ __inline__ void repack(const RepackArgs& a) {
  const PlaneRowOut planes{a.q, a.high, a.scales, a.super};
  const auto units = (u32)(T::kQuantized ? a.cols / kUnitColumns : a.cols);
  for (i32 i = A::group_x() * kRepackThreads + A::thread(); i < a.n;
       i += a.grid.x * kRepackThreads) {
    const u32 at = (u32)a.first_unit + (u32)i;
    const PlaneRowOut row = row_in<T>(planes, a.first_row + at / units, a.cols);
    const u8* block = a.from + (i64)(i / T::kBlockUnits) * T::kBlockBytes;
    T::repack(block, i % T::kBlockUnits, row, (i32)(at % units));
  }
}

RF_KERNEL(kRepackThreads) repack_f32(RepackArgs a) {
  repack<Arch, F32>(a);
}
RF_KERNEL(kRepackThreads) repack_f16(RepackArgs a) {
  repack<Arch, F16>(a);
}
RF_KERNEL(kRepackThreads) repack_bf16(RepackArgs a) {
  repack<Arch, BF16>(a);
}
RF_KERNEL(kRepackThreads) repack_q4_0(RepackArgs a) {
  repack<Arch, Q4_0>(a);
}
RF_KERNEL(kRepackThreads) repack_q4_1(RepackArgs a) {
  repack<Arch, Q4_1>(a);
}
RF_KERNEL(kRepackThreads) repack_q8_0(RepackArgs a) {
  repack<Arch, Q8_0>(a);
}
RF_KERNEL(kRepackThreads) repack_q6_k(RepackArgs a) {
  repack<Arch, Q6_K>(a);
}
RF_KERNEL(kRepackThreads) repack_mxfp4(RepackArgs a) {
  repack<Arch, MXFP4>(a);
}
RF_KERNEL(kRepackThreads) repack_q5_0(RepackArgs a) {
  repack<Arch, Q5_0>(a);
}
RF_KERNEL(kRepackThreads) repack_q5_1(RepackArgs a) {
  repack<Arch, Q5_1>(a);
}
RF_KERNEL(kRepackThreads) repack_q2_k(RepackArgs a) {
  repack<Arch, Q2_K>(a);
}
RF_KERNEL(kRepackThreads) repack_q3_k(RepackArgs a) {
  repack<Arch, Q3_K>(a);
}
RF_KERNEL(kRepackThreads) repack_q4_k(RepackArgs a) {
  repack<Arch, Q4_K>(a);
}
RF_KERNEL(kRepackThreads) repack_q5_k(RepackArgs a) {
  repack<Arch, Q5_K>(a);
}
RF_KERNEL(kRepackThreads) repack_iq4_nl(RepackArgs a) {
  repack<Arch, IQ4_NL>(a);
}
RF_KERNEL(kRepackThreads) repack_iq4_xs(RepackArgs a) {
  repack<Arch, IQ4_XS>(a);
}
RF_KERNEL(kRepackThreads) repack_mxfp6_e2m3(RepackArgs a) {
  repack<Arch, MXFP6_E2M3>(a);
}
RF_KERNEL(kRepackThreads) repack_mxfp6_e3m2(RepackArgs a) {
  repack<Arch, MXFP6_E3M2>(a);
}

}  // namespace rocmforge::gpu
