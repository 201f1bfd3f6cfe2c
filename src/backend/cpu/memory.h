// The CPU's buffers: anonymous mappings, so that pages never touched cost nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "backend/device.h"

namespace rocmforge::cpu {

struct MachineMemory {
  std::int64_t total = 0, available = 0, swap = 0;  // bytes; 0 where the system does not say
};
MachineMemory machine_memory();

// Error{kOutOfMemory} with the bytes wanted and available, also when `bytes` is more than the
// machine has in all.
std::unique_ptr<backend::Buffer> map_buffer(std::int64_t bytes);

}  // namespace rocmforge::cpu
