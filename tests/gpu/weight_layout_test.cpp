// Where the planes of a segment lie: for every type and odd shapes.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "backend/gpu/ops/weight_layout.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

struct Expected {
  DType dtype;
  std::int64_t cols;
  Plane q, high, scales, super;
};

// Of 3 rows; offsets are checked apart.
TEST(WeightLayout, RowsOfEachType) {
  using enum DType;
  const Expected table[] = {
      {kF32, 13, {0, 64, 52}, {}, {}, {}},
      {kF16, 269, {0, 544, 538}, {}, {}, {}},
      {kBF16, 8, {0, 16, 16}, {}, {}, {}},
      {kQ4_0, 96, {0, 48, 48}, {}, {0, 16, 6}, {}},
      {kQ4_1, 96, {0, 48, 48}, {}, {0, 16, 12}, {}},
      {kQ8_0, 288, {0, 288, 288}, {}, {0, 32, 18}, {}},
      {kMXFP4, 544, {0, 272, 272}, {}, {0, 32, 17}, {}},
      {kQ6_K, 768, {0, 384, 384}, {0, 192, 192}, {0, 48, 48}, {0, 16, 6}},
      {kQ5_0, 96, {0, 48, 48}, {0, 12, 12}, {0, 16, 6}, {}},
      {kQ5_1, 96, {0, 48, 48}, {0, 12, 12}, {0, 16, 12}, {}},
      {kQ2_K, 768, {0, 192, 192}, {}, {0, 48, 48}, {0, 16, 12}},
      {kQ3_K, 768, {0, 192, 192}, {0, 96, 96}, {0, 48, 48}, {0, 16, 6}},
      {kQ4_K, 768, {0, 384, 384}, {}, {0, 48, 48}, {0, 16, 12}},
      {kQ5_K, 768, {0, 384, 384}, {0, 96, 96}, {0, 48, 48}, {0, 16, 12}},
      {kIQ4_NL, 96, {0, 48, 48}, {}, {0, 16, 6}, {}},
      {kIQ4_XS, 768, {0, 384, 384}, {}, {0, 32, 24}, {0, 16, 6}},
      {kMXFP6_E2M3, 96, {0, 48, 48}, {0, 24, 24}, {0, 16, 3}, {}},
      {kMXFP6_E3M2, 96, {0, 48, 48}, {0, 24, 24}, {0, 16, 3}, {}},
  };
  for (const Expected& e : table) {
    const SegmentLayout got = segment_layout(e.dtype, 3, e.cols);
    for (const auto& [have, want] :
         {std::pair{got.q, e.q}, std::pair{got.high, e.high}, std::pair{got.scales, e.scales},
          std::pair{got.super, e.super}}) {
      EXPECT_EQ(have.stride, want.stride) << to_string(e.dtype);
      EXPECT_EQ(have.row_bytes, want.row_bytes) << to_string(e.dtype);
    }
  }
}

// Bytes by which a block is larger in planes: scales of 6 bits have bytes of their own.
std::int64_t unpacked_bytes(DType dtype) {
  switch (dtype) {
    case DType::kQ3_K:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return 16 - 12;
    case DType::kIQ4_XS:
      return 8 - 6;
    default:
      return 0;
  }
}

TEST(WeightLayout, PlanesAreAlignedApartAndHoldEveryBit) {
  for (const DType dtype : kAllDTypes) {
    if (!weight_type(dtype)) continue;
    const std::int64_t block = info(dtype).block_elems;
    for (const std::int64_t rows : {1, 2, 3, 7, 37, 1000}) {
      for (const std::int64_t blocks : {1, 2, 3, 5, 9, 127, 1001}) {
        const std::int64_t cols = blocks * block;
        const SegmentLayout s = segment_layout(dtype, rows, cols);
        std::int64_t end = 0, content = 0;
        for (const Plane& p : {s.q, s.high, s.scales, s.super}) {
          if (p.stride == 0) {
            EXPECT_EQ(p, Plane{});
            continue;
          }
          EXPECT_EQ(p.offset % kPlaneAlign, 0);
          EXPECT_GE(p.offset, end);
          EXPECT_GE(p.stride, p.row_bytes);
          EXPECT_LT(p.stride - p.row_bytes, 16);
          EXPECT_EQ(p.stride % 4, 0);
          end = p.offset + p.stride * rows + kPlaneAlign;
          content += p.row_bytes * rows;
        }
        EXPECT_GE(s.bytes, end);
        EXPECT_LT(s.bytes, end + kPlaneAlign);
        EXPECT_EQ(s.bytes % kPlaneAlign, 0);
        EXPECT_EQ(content, (bytes_of(dtype, cols) + blocks * unpacked_bytes(dtype)) * rows)
            << "as many bytes as the file has, and what unpacking adds";
      }
    }
  }
}

// The device has the same strides: it computes them from the same table, of columns alone.
TEST(WeightLayout, StridesAreTheDevices) {
  for (const DType dtype : kAllDTypes) {
    const auto type = weight_type(dtype);
    if (!type) continue;
    const PlaneBytes p = plane_bytes(*type);
    EXPECT_EQ(p.quantized, info(dtype).is_quantized());
    for (const i32 cols : {256, 768, 4096}) {
      const SegmentLayout s = segment_layout(dtype, 5, cols);
      EXPECT_EQ(s.q.stride, q_stride(p, cols));
      EXPECT_EQ(s.high.stride, high_stride(p, cols));
      EXPECT_EQ(s.scales.stride, scales_stride(p, cols));
      EXPECT_EQ(s.super.stride, super_stride(p, cols));
    }
  }
}

TEST(WeightLayout, RefusesWhatKernelsCannotTake) {
  EXPECT_THROW(segment_layout(DType::kI32, 1, 32), Error);
  EXPECT_THROW(segment_layout(DType::kQ4_0, 1, 33), Error);
  EXPECT_THROW(segment_layout(DType::kQ6_K, 1, 32), Error);
  EXPECT_THROW(segment_layout(DType::kF32, std::int64_t{1} << 31, 1), Error);
  EXPECT_THROW(segment_layout(DType::kF32, 1, std::int64_t{1} << 30), Error);
  EXPECT_FALSE(weight_type(DType::kI32));
}

TEST(WeightLayout, RepackingCoversItsUnits) {
  const ArchInfo xt = arch_info("gfx1100", 84);
  EXPECT_EQ(to_string(plan_repack(DType::kQ4_0, 1, xt)), "repack_q4_0 1x1 of 256");
  EXPECT_EQ(to_string(plan_repack(DType::kQ6_K, 257, xt)), "repack_q6_k 2x1 of 256");
  EXPECT_EQ(plan_repack(DType::kF16, 1 << 30, xt).grid_x, 84 * 16);
  EXPECT_EQ(units_per_block(DType::kQ6_K), 8);
  EXPECT_EQ(units_per_block(DType::kQ8_0), 1);
  EXPECT_EQ(units_per_block(DType::kF16), 1);
}

}  // namespace
}  // namespace rocmforge::gpu
