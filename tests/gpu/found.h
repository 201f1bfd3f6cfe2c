// The GPU that tests run on: the first that this program has kernels for. With
// ROCMFORGE_TEST_AS_TARGET it is a gfx1100 that passes for that target: kernels compiled for
// gfx1100 from the other target's sources (tests/emu/gfx1100.cmake) run there, by the other
// target's plans.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "backend/gpu/device.h"

namespace rocmforge::test {

// Nullopt without one. Looked for once.
inline const std::optional<gpu::FoundDevice>& first_gpu() {
  static const std::optional<gpu::FoundDevice> first = [] {
    for (gpu::FoundDevice device : gpu::find_gpus().devices) {
#ifdef ROCMFORGE_TEST_AS_TARGET
      if (device.properties.target != "gfx1100") continue;
      device.properties.target = ROCMFORGE_TEST_AS_TARGET;
#endif
      if (gpu::has_kernels(device)) return std::optional(device);
    }
    return std::optional<gpu::FoundDevice>();
  }();
  return first;
}

}  // namespace rocmforge::test

#define ROCMFORGE_NEED_GPU() \
  if (!rocmforge::test::first_gpu()) GTEST_SKIP() << "no GPU that this program has kernels for"
