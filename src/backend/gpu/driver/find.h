// Which GPUs there are, and why a library or device was passed over.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/gpu/driver/api.h"
#include "backend/gpu/driver/open.h"

namespace rocmforge::gpu {

struct FoundDevice {
  std::shared_ptr<Api> api;  // shared by the devices of one library
  DeviceProperties properties;
};

struct PassedOver {
  std::string what;  // a library's path, with the device's number and name, or a vendor's interface
  std::string why;
};

struct Found {
  std::vector<FoundDevice> devices;  // AMD's first, each vendor's in its library's order
  std::vector<PassedOver> passed_over;
};

// Where one vendor's library is looked for.
struct LibrarySearch {
  std::vector<std::string> candidates;  // in order; the first with a usable device is taken
  std::string variable;  // the environment variable that named the only candidate; empty: none did
  std::string folder;    // where the first candidates were sought; for people
};

struct SearchOptions {
  LibrarySearch hip, cuda;
  // Tells the target of an AMD device where nothing else does, or throws Error with what to say.
  std::function<std::string(Api&, std::int32_t device)> probe;
  // A library that a variable names and that will not do is passed over like any other.
  bool lenient = false;
  double timeout_seconds = kDefaultTimeoutSeconds;
  std::string kfd_nodes = kKfdNodes;
};

// ROCMFORGE_HIP_LIBRARY and ROCMFORGE_CUDA_LIBRARY each name the one library to take; without them
// HIP is looked for in /opt/rocm/lib and then by libamdhip64.so.7, .so.6, .so.5, .so, CUDA by
// libcuda.so.1. ROCMFORGE_GPU_TIMEOUT: seconds, 0 for no limit; Error{kUsage} when it is no number.
SearchOptions default_search();

// Usable is an AMD device whose target is known, and an NVIDIA device of compute capability 8.0 or
// more. Absent or broken libraries are passed over, not thrown; but a library that a variable names
// must have a usable device, unless `lenient`: Error{kNotFound, kDevice} that names the variable.
Found find_devices(const SearchOptions& options);

}  // namespace rocmforge::gpu
