// RDNA2 (gfx1030 to gfx1036): wave32, signed dot4, no matrix units.
#pragma once

#include "backend/gpu/device/arch/amd.h"

namespace rocmforge::gpu::gfx10 {

struct Arch : Rdna {
  static constexpr bool kHasMma = false;

  // c + sum of the four products of signed bytes.
  __device__ static __inline__ i32 dot4(i32 a, i32 b, i32 c) {
    return __builtin_amdgcn_sdot4(a, b, c, false);
  }
};

}  // namespace rocmforge::gpu::gfx10
