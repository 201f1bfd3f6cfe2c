// Loops of ops that work element by element on rows.
#pragma once

#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/step.h"

namespace rocmforge::gpu {

inline constexpr int kRowThreads = 256;

// f(row, column) for all of [0, n) x [0, cols): workgroup x takes columns, y rows, both in strides
// of the grid.
template <class A, class F>
__device__ __inline__ void for_elements(const GridArgs& grid, i32 n, i32 cols, F f) {
  for (i32 row = A::group_y(); row < n; row += grid.y) {
    for (i32 c = A::group_x() * kRowThreads + A::thread(); c < cols; c += grid.x * kRowThreads) {
      f(row, c);
    }
  }
}

}  // namespace rocmforge::gpu
