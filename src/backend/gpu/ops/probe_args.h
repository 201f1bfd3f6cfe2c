// probe: out[i] = dot4(i, factor) + lanes of a wave, for i < kProbeGroups * kProbeThreads.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

inline constexpr int kProbeThreads = 64;
inline constexpr int kProbeGroups = 2;

struct ProbeArgs {
  i32* out;
  i32 factor;  // four signed bytes, as i's
  i32 unused;
};

}  // namespace rocmforge::gpu
