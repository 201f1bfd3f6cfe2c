// What the kernels of hip_kernels.hip take.
#pragma once

namespace rocmforge::emutest {

inline constexpr unsigned kGroup = 256;

struct HipArgs {
  unsigned* data;
  unsigned n, value;
};

}  // namespace rocmforge::emutest
