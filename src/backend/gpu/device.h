// A GPU as a device.
#pragma once

#include <memory>
#include <string>

#include "backend/device.h"
#include "backend/gpu/driver/find.h"
#include "base/counters.h"

namespace rocmforge::gpu {

// The GPUs of this machine (driver/find.h), by default_search() and, where nothing tells a card's
// architecture, by what of this program runs on it. `lenient` as SearchOptions has it.
Found find_gpus(bool lenient = false);

// Error{kUnsupported} when the program holds none for the card: names its target
// and what to do. `counters` outlives the device.
std::unique_ptr<backend::Device> make_device(const FoundDevice& found, Counters& counters);

// Whether this program holds kernels for it; and, where not, what its user can do.
bool has_kernels(const FoundDevice& found);
std::string explain_missing_kernels(const FoundDevice& found);

}  // namespace rocmforge::gpu
