// Where the planes of a weight's segment lie, and how its repacking is launched: see weight_args.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/weight_args.h"
#include "tensor/dtype.h"

namespace rocmforge::gpu {

// Nullopt when no kernel takes it.
std::optional<WeightType> weight_type(DType dtype);
// As kernels' names spell it: "q4_0". Error{kUnsupported} when no kernel takes it.
std::string_view kernel_type(DType dtype);

// A matrix of bytes: row r begins at offset + r * stride and has row_bytes of content.
struct Plane {
  std::int64_t offset = 0;  // from the segment's begin
  std::int64_t stride = 0;  // 0: the type has no such plane
  std::int64_t row_bytes = 0;

  bool operator==(const Plane&) const = default;
};

struct SegmentLayout {
  Plane q, high, scales, super;
  std::int64_t bytes = 0;  // with the zeros behind the last plane: a multiple of kPlaneAlign

  bool operator==(const SegmentLayout&) const = default;
};

// What a plane of `bytes` takes: the zeros behind it included.
std::int64_t plane_room(std::int64_t bytes);

// Error{kUnsupported} for a type without kernels and for more rows or columns than kernels count.
// `cols` is whole blocks (checked).
SegmentLayout segment_layout(DType dtype, std::int64_t rows, std::int64_t cols);

// Units (elements of a plain type) in a block of the file.
std::int64_t units_per_block(DType dtype);
// `n`: units.
Launch plan_repack(DType dtype, std::int64_t n, const ArchInfo& arch);

}  // namespace rocmforge::gpu
