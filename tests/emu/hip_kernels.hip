// Kernels for the tests of the emulated driver, in work groups of kGroup threads.
#include "emu/hip_kernels.h"

#ifndef ROCMFORGE_TEST_FACTOR
#define ROCMFORGE_TEST_FACTOR 1
#endif

using rocmforge::emutest::HipArgs;
using rocmforge::emutest::kGroup;

#define TEST_KERNEL \
  extern "C" __attribute__((global, amdgpu_flat_work_group_size(kGroup, kGroup))) void

__attribute__((device)) static unsigned thread() {
  return __builtin_amdgcn_workgroup_id_x() * kGroup + __builtin_amdgcn_workitem_id_x();
}

// data[i] += factor * value
TEST_KERNEL add(HipArgs a) {
  if (const unsigned i = thread(); i < a.n) a.data[i] += ROCMFORGE_TEST_FACTOR * a.value;
}

TEST_KERNEL add_loose(unsigned* data, unsigned char skipped, unsigned n, unsigned long value) {
  if (const unsigned i = thread() + skipped; i < n) data[i] += static_cast<unsigned>(value);
}

// Writes `value` behind the n-th element.
TEST_KERNEL wild(HipArgs a) {
  if (thread() == 37) a.data[a.n] = a.value;
}

TEST_KERNEL forever(HipArgs a) {
  while (__atomic_load_n(a.data, __ATOMIC_RELAXED) == a.value) __builtin_amdgcn_s_sleep(1);
}
