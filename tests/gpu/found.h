// The GPU that tests run on: the first that this program has kernels for.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "backend/gpu/device.h"

namespace rocmforge::test {

// Nullopt without one. Looked for once.
inline const std::optional<gpu::FoundDevice>& first_gpu() {
  static const std::optional<gpu::FoundDevice> first = [] {
    for (const gpu::FoundDevice& device : gpu::find_gpus().devices) {
      if (gpu::has_kernels(device)) return std::optional(device);
    }
    return std::optional<gpu::FoundDevice>();
  }();
  return first;
}

}  // namespace rocmforge::test

#define ROCMFORGE_NEED_GPU() \
  if (!rocmforge::test::first_gpu()) GTEST_SKIP() << "no GPU that this program has kernels for"
