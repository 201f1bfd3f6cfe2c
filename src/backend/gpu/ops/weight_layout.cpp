#include "backend/gpu/ops/weight_layout.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

constexpr std::int64_t kThreads = 256;  // device/repack.hip: kRepackThreads
constexpr std::int64_t kGroupsPerUnit = 16;

// The device's mirror of the host's enumeration.
static_assert(static_cast<int>(WeightType::kF32) == static_cast<int>(DType::kF32));
static_assert(static_cast<int>(WeightType::kF16) == static_cast<int>(DType::kF16));
static_assert(static_cast<int>(WeightType::kBF16) == static_cast<int>(DType::kBF16));
static_assert(static_cast<int>(WeightType::kI32) == static_cast<int>(DType::kI32));
static_assert(static_cast<int>(WeightType::kQ4_0) == static_cast<int>(DType::kQ4_0));
static_assert(static_cast<int>(WeightType::kQ4_1) == static_cast<int>(DType::kQ4_1));
static_assert(static_cast<int>(WeightType::kQ5_0) == static_cast<int>(DType::kQ5_0));
static_assert(static_cast<int>(WeightType::kQ5_1) == static_cast<int>(DType::kQ5_1));
static_assert(static_cast<int>(WeightType::kQ2_K) == static_cast<int>(DType::kQ2_K));
static_assert(static_cast<int>(WeightType::kQ3_K) == static_cast<int>(DType::kQ3_K));
static_assert(static_cast<int>(WeightType::kQ4_K) == static_cast<int>(DType::kQ4_K));
static_assert(static_cast<int>(WeightType::kQ5_K) == static_cast<int>(DType::kQ5_K));
static_assert(static_cast<int>(WeightType::kIQ4_NL) == static_cast<int>(DType::kIQ4_NL));
static_assert(static_cast<int>(WeightType::kIQ4_XS) == static_cast<int>(DType::kIQ4_XS));
static_assert(static_cast<int>(WeightType::kMXFP6_E2M3) == static_cast<int>(DType::kMXFP6_E2M3));
static_assert(static_cast<int>(WeightType::kMXFP6_E3M2) == static_cast<int>(DType::kMXFP6_E3M2));
static_assert(static_cast<int>(WeightType::kQ8_0) == static_cast<int>(DType::kQ8_0));
static_assert(static_cast<int>(WeightType::kQ6_K) == static_cast<int>(DType::kQ6_K));
static_assert(static_cast<int>(WeightType::kMXFP4) == static_cast<int>(DType::kMXFP4));

std::int64_t round_up(std::int64_t x, std::int64_t to) {
  return (x + to - 1) / to * to;
}

}  // namespace

std::optional<WeightType> weight_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ8_0:
    case DType::kQ6_K:
    case DType::kQ5_0:
    case DType::kQ5_1:
    case DType::kQ2_K:
    case DType::kQ3_K:
    case DType::kQ4_K:
    case DType::kQ5_K:
    case DType::kIQ4_NL:
    case DType::kIQ4_XS:
    case DType::kMXFP6_E2M3:
    case DType::kMXFP6_E3M2:
    case DType::kMXFP4:
      return static_cast<WeightType>(dtype);
    case DType::kI32:
      break;
  }
  return std::nullopt;
}

std::string_view kernel_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "f32";
    case DType::kF16:
      return "f16";
    case DType::kBF16:
      return "bf16";
    case DType::kQ4_0:
      return "q4_0";
    case DType::kQ4_1:
      return "q4_1";
    case DType::kQ8_0:
      return "q8_0";
    case DType::kQ6_K:
      return "q6_k";
    case DType::kMXFP4:
      return "mxfp4";
    case DType::kQ5_0:
      return "q5_0";
    case DType::kQ5_1:
      return "q5_1";
    case DType::kQ2_K:
      return "q2_k";
    case DType::kQ3_K:
      return "q3_k";
    case DType::kQ4_K:
      return "q4_k";
    case DType::kQ5_K:
      return "q5_k";
    case DType::kIQ4_NL:
      return "iq4_nl";
    case DType::kIQ4_XS:
      return "iq4_xs";
    case DType::kMXFP6_E2M3:
      return "mxfp6_e2m3";
    case DType::kMXFP6_E3M2:
      return "mxfp6_e3m2";
    case DType::kI32:
      break;
  }
  throw Error(ErrorCode::kUnsupported,
              "[gpu] no kernel for weights of " + std::string(to_string(dtype)));
}

std::int64_t plane_room(std::int64_t bytes) {
  return round_up(bytes + kPlaneAlign, kPlaneAlign);
}

SegmentLayout segment_layout(DType dtype, std::int64_t rows, std::int64_t cols) {
  const std::string_view name = kernel_type(dtype);
  constexpr std::int64_t kMost = std::numeric_limits<i32>::max();
  // Half, so that a unit's number in a run may go beyond its row.
  if (rows > kMost || cols > kMost / 2) {
    throw Error(ErrorCode::kUnsupported, "[gpu] a weight of " + std::to_string(rows) + " x " +
                                             std::to_string(cols) + " " + std::string(name) +
                                             " is larger than kernels count");
  }
  check(rows > 0 && cols > 0 && cols % info(dtype).block_elems == 0,
        "[gpu] a weight's columns are no whole blocks");
  const PlaneBytes p = plane_bytes(*weight_type(dtype));
  const i32 n = static_cast<i32>(cols);
  const std::int64_t units = p.quantized ? cols / kUnitColumns : cols;
  SegmentLayout out;
  const auto place = [&](std::int64_t stride, std::int64_t row_bytes) {
    if (row_bytes == 0) return Plane{};
    const Plane plane{.offset = out.bytes, .stride = stride, .row_bytes = row_bytes};
    out.bytes += plane_room(stride * rows);
    return plane;
  };
  out.q = place(q_stride(p, n), p.q * units);
  out.high = place(high_stride(p, n), p.high * units);
  out.scales = place(scales_stride(p, n), p.scales * units);
  out.super = place(super_stride(p, n), p.super * (cols / kSuperColumns));
  return out;
}

std::int64_t units_per_block(DType dtype) {
  const std::int64_t elems = info(dtype).block_elems;
  return elems > 1 ? elems / kUnitColumns : 1;
}

Launch plan_repack(DType dtype, std::int64_t n, const ArchInfo& arch) {
  Launch launch;
  launch.kernel = "repack_" + std::string(kernel_type(dtype));
  launch.threads = static_cast<std::int32_t>(kThreads);
  launch.grid_x = static_cast<std::int32_t>(
      std::clamp<std::int64_t>((n + kThreads - 1) / kThreads, 1, kGroupsPerUnit * arch.n_units));
  return launch;
}

}  // namespace rocmforge::gpu
