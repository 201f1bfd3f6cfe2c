// How weights lie on the device: planes. Host and device compute strides from this one table.
//
// A segment of a quantized type is up to four matrices, row r of each belonging to row r of the
// weight: codes (q), further bits of the codes (high), a scale each unit of 32 columns (scales),
// and what a file's block of 256 columns shares (super). Rows lie a fixed stride apart: those of q
// and high are whole units, which are aligned to their own size; those of scales and super are
// padded with zeros to 16 bytes. A plain type has q alone, its rows padded with zeros to 16 bytes.
// Each plane starts at a multiple of 256 bytes, and at least 256 readable bytes of 0 follow it.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

inline constexpr i32 kUnitColumns = 32;
inline constexpr i32 kSuperColumns = 256;
inline constexpr i32 kPlaneAlign = 256;  // and the zeros behind a plane

// Bytes in each plane; 0: there is no such plane. Of a plain type: q of one element.
struct PlaneBytes {
  bool quantized = false;
  i32 q = 0, high = 0, scales = 0;  // of a unit
  i32 super = 0;                    // of kSuperColumns columns
};

// Codes of 4 bits: byte j of a unit has column j in its low, column j + 16 in its high nibble.
// 2 bits (q of Q2_K and Q3_K, or further ones): word w of a unit's two has (w >> 2 i) & 0x03030303
// for columns [16 w + 4 i, + 4). A further bit: (word >> i) & 0x01010101 for columns [4 i, + 4).
// Scales: F16 d; Q4_1, Q5_1 F16 d, F16 m; MXFP4, MXFP6 E8M0; Q3_K, Q6_K an int8 for each 16
// columns, Q2_K a byte (scale below, minimum above); Q4_K, Q5_K a byte of scale, one of minimum;
// IQ4_XS an int8. Super: F16 d; Q2_K, Q4_K, Q5_K F16 d, F16 dmin.
constexpr PlaneBytes plane_bytes(WeightType type) {
  switch (type) {
    case WeightType::kF32:
    case WeightType::kI32:
      return {.q = 4};
    case WeightType::kF16:
    case WeightType::kBF16:
      return {.q = 2};
    case WeightType::kQ4_0:
      return {.quantized = true, .q = 16, .scales = 2};
    case WeightType::kQ4_1:
      return {.quantized = true, .q = 16, .scales = 4};
    case WeightType::kQ5_0:
      return {.quantized = true, .q = 16, .high = 4, .scales = 2};
    case WeightType::kQ5_1:
      return {.quantized = true, .q = 16, .high = 4, .scales = 4};
    case WeightType::kQ2_K:
      return {.quantized = true, .q = 8, .scales = 2, .super = 4};
    case WeightType::kQ3_K:
      return {.quantized = true, .q = 8, .high = 4, .scales = 2, .super = 2};
    case WeightType::kQ4_K:
      return {.quantized = true, .q = 16, .scales = 2, .super = 4};
    case WeightType::kQ5_K:
      return {.quantized = true, .q = 16, .high = 4, .scales = 2, .super = 4};
    case WeightType::kIQ4_NL:
      return {.quantized = true, .q = 16, .scales = 2};
    case WeightType::kIQ4_XS:
      return {.quantized = true, .q = 16, .scales = 1, .super = 2};
    case WeightType::kMXFP6_E2M3:
    case WeightType::kMXFP6_E3M2:
      return {.quantized = true, .q = 16, .high = 8, .scales = 1};
    case WeightType::kQ8_0:
      return {.quantized = true, .q = 32, .scales = 2};
    case WeightType::kQ6_K:
      return {.quantized = true, .q = 16, .high = 8, .scales = 2, .super = 2};
    case WeightType::kMXFP4:
      return {.quantized = true, .q = 16, .scales = 1};
  }
  return {};
}

constexpr i64 padded_to_16(i64 bytes) {
  return (bytes + 15) / 16 * 16;
}

// From a plane's row to the next, bytes. `cols` is whole blocks of the type.
constexpr i64 q_stride(const PlaneBytes& p, i32 cols) {
  return p.quantized ? i64{p.q} * (cols / kUnitColumns) : padded_to_16(i64{p.q} * cols);
}
constexpr i64 high_stride(const PlaneBytes& p, i32 cols) {
  return i64{p.high} * (cols / kUnitColumns);
}
constexpr i64 scales_stride(const PlaneBytes& p, i32 cols) {
  return padded_to_16(i64{p.scales} * (cols / kUnitColumns));
}
constexpr i64 super_stride(const PlaneBytes& p, i32 cols) {
  return padded_to_16(i64{p.super} * (cols / kSuperColumns));
}

}  // namespace rocmforge::gpu
