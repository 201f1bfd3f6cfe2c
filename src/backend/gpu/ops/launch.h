// What plans are made of: a card, and a launch on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rocmforge::gpu {

// What a plan needs to know of a card; the same as device/arch says of the kernels' side.
struct ArchInfo {
  std::string target;          // "gfx1100", "sm_80"
  std::int32_t wave = 32;      // lanes
  std::int32_t lds_bytes = 0;  // that one workgroup may take
  std::int32_t n_units = 1;    // compute units, multiprocessors
  bool matrix_units = true;    // of F16; without: attention by dots, many_in_int8()
};
// Dynamic LDS that a launch may have unasked; more is allowed to a kernel first (NVIDIA). Plans
// leave kStaticShared of lds_bytes to what a kernel has of its own.
inline constexpr std::uint32_t kSharedForAll = 49152;
inline constexpr std::int32_t kStaticShared = 1024;
// Error{kUnsupported} for a target of no family that device/arch has.
ArchInfo arch_info(std::string_view target, std::int32_t n_units);

// Along one side of a grid, how many workgroups r rows of the operation want: ceil(r * items /
// per_group). A plan's grid is that of the bucket's rows; a step of fewer rows is launched with
// fewer workgroups, and its kernel still strides by the plan's grid: it must loop so, and stop at
// the step's rows.
struct RowGroups {
  std::int32_t items = 0;  // of a row; 0: the grid is the same for every step
  std::int32_t per_group = 1;
  bool along_y = false;

  bool operator==(const RowGroups&) const = default;
};

struct Launch {
  std::string kernel;
  std::int32_t grid_x = 1, grid_y = 1;  // workgroups, for the bucket's rows
  std::int32_t threads = 0;             // a workgroup
  std::int32_t lds_bytes = 0;           // dynamic
  RowGroups rows = {};

  bool operator==(const Launch&) const = default;
};
std::string to_string(const Launch& launch);  // "add_rows 3x5 of 256", "... lds 5120"

// Workgroups a kernel of rows has at most, a unit: enough to fill the card, few enough that a step
// of few rows in a large bucket is not all launch.
inline constexpr std::int32_t kRowGroupsPerUnit = 16;

}  // namespace rocmforge::gpu
