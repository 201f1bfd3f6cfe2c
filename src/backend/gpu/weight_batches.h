// What is brought to the device at once: pieces of matrices, packed into batches of one staging
// buffer. Pure; tested without a GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "backend/gpu/driver/api.h"
#include "backend/gpu/ops/weight_layout.h"
#include "tensor/dtype.h"

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

  // The device fills its staging; what is widened is made up by who reads.
  bool made_up() const { return random && !widen; }
  DType stored() const { return widen ? DType::kF32 : dtype; }
  std::int64_t blocks() const { return rows * cols / info(dtype).block_elems; }
  // Of one of its blocks: in its source, and in staging.
  std::int64_t source_block_bytes() const { return info(dtype).block_bytes; }
  std::int64_t staged_block_bytes() const {
    return widen ? bytes_of(DType::kF32, info(dtype).block_elems) : info(dtype).block_bytes;
  }
};

// Blocks [first, first + n) of an item, at byte `at` of the staging buffer.
struct WeightPiece {
  std::size_t item = 0;
  std::int64_t first = 0, n = 0;
  std::int64_t at = 0;
};
struct WeightBatch {
  std::vector<WeightPiece> pieces = {};
  std::int64_t bytes = 0;         // of the staging buffer
  std::int64_t source_bytes = 0;  // that are read for it
  bool made_up = false;           // all of its items are
};

inline constexpr std::int64_t kPieceAlign = 16;

// Every block of every item once, in the order of their sources, so that a file is read from front
// to back; large items are cut, small ones share a batch. `room`: of a staging buffer.
std::vector<WeightBatch> make_batches(std::span<const WeightItem> items, std::int64_t room);

}  // namespace rocmforge::gpu
