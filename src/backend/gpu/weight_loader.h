// Brings weights to the device: their bytes go through pinned staging to the device's own staging,
// and are repacked from there into planes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "backend/executor.h"
#include "backend/gpu/context.h"
#include "backend/gpu/kernels.h"
#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/weight_layout.h"

namespace rocmforge::gpu {

// A matrix to be brought: a segment, a bias or a gain.
struct WeightItem {
  DType dtype = DType::kF32;                 // of its bytes
  std::span<const std::byte> from = {};      // its rows as the file has them, one after the other
  std::optional<std::uint64_t> random = {};  // set: no bytes, see backend::SegmentData
  std::int64_t rows = 1, cols = 0;
  bool widen = false;  // it becomes F32: one row
  DeviceAddress to = 0;
  SegmentLayout layout = {};  // at `to`; of F32 where it is widened

  DType stored() const { return widen ? DType::kF32 : dtype; }
};

// Fills the planes of all items, and waits; what is around the planes' content is zero already.
void load_weights(const Context& context, Kernels& kernels, const ArchInfo& arch,
                  std::span<const WeightItem> items);

}  // namespace rocmforge::gpu
