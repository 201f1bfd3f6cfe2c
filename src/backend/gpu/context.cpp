#include "backend/gpu/context.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::gpu {

DeviceMemory allocate(const Context& context, std::int64_t bytes, const std::string& what) {
  Api& api = context.enter();
  try {
    DeviceMemory memory(api, std::max<std::int64_t>(bytes, 1));
    ++context.counters.device_allocations;
    return memory;
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kOutOfMemory) throw;
    std::int64_t free = 0, total = 0;
    api.memory_info(free, total);
    throw Error(ErrorCode::kOutOfMemory, "[gpu] " + what + " of " + std::to_string(bytes) +
                                             " bytes does not fit on " + context.properties.name +
                                             ": " + std::to_string(free) + " of " +
                                             std::to_string(total) + " are free");
  }
}

}  // namespace rocmforge::gpu
