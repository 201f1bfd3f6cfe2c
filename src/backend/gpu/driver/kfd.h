// What the Linux kernel's AMD driver says of a card, without any library.
#pragma once

#include <cstdint>
#include <string>

namespace rocmforge::gpu {

// Where a card sits: PCI domain, bus and device number.
struct PciPlace {
  std::int32_t domain = 0, bus = 0, device = 0;
};

// "gfx1100" for the card at `place`, by gfx_target_version (major * 10000 + minor * 100 + stepping,
// decimal; the name takes minor and stepping as hexadecimal digits) in `nodes`/*/properties, as
// linux/drivers/gpu/drm/amd/amdkfd/kfd_topology.c prints it. Empty when it is not told.
std::string kfd_target(const std::string& nodes, const PciPlace& place);

}  // namespace rocmforge::gpu
