// Where attention's sums are cut on the CPU.
#pragma once

#include <cstdint>

namespace rocmforge::cpu {

// Positions. The device asks for splits of as many (DeviceInfo::attention_split).
inline constexpr std::int32_t kAttentionSplit = 512;

}  // namespace rocmforge::cpu
