// What HIP tells of the card.
#pragma once

#include <cstddef>
#include <optional>

#include "machine/card.h"

namespace rocmforge::emu {

// HIP_VERSION of the interface that this library follows: ROCm 6.2.
inline constexpr int kVersion = 60'200'000;
inline constexpr int kDriverVersion = 60'200'000;

// hipDeviceAttribute_t; nothing for what this card has no number of.
std::optional<int> attribute(const Card& card, int which);

// Fill hipDeviceProp_t: ROCm 6's layout of 1472 bytes, and ROCm 5's of 792, of which only name and
// target are told.
void write_properties(const Card& card, void* out);
void write_old_properties(const Card& card, void* out);

}  // namespace rocmforge::emu
