// What a GPU's buffers, streams and executors share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "backend/gpu/driver/handles.h"
#include "base/counters.h"

namespace rocmforge::gpu {

struct Context {
  std::shared_ptr<Api> api;
  DeviceProperties properties;
  Counters& counters;
  Stream setup;  // of work at load, waited for where it is given

  // Every entry from outside does this first: a thread's device is the last one it set.
  Api& enter() const {
    api->set_device(properties.ordinal);
    return *api;
  }
};
using ContextPtr = std::shared_ptr<const Context>;

// Device memory for `what`; counts device_allocations. `bytes` may be 0. Not cleared.
// Error{kOutOfMemory} with the bytes wanted and free.
DeviceMemory allocate(const Context& context, std::int64_t bytes, const std::string& what);

}  // namespace rocmforge::gpu
