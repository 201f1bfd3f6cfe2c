// Opens one vendor's library. find.h is what a program calls.
#pragma once

#include <memory>
#include <string>

#include "backend/gpu/driver/api.h"

namespace rocmforge::gpu {

inline constexpr double kDefaultTimeoutSeconds = 30;
inline constexpr const char* kKfdNodes = "/sys/class/kfd/kfd/topology/nodes";

struct OpenOptions {
  std::string library;                              // a path, or a name for the system's loader
  double timeout_seconds = kDefaultTimeoutSeconds;  // of each wait of the host; 0: none
  std::string kfd_nodes = kKfdNodes;                // where hip asks for a target at last
};

// Throw Error: kNotFound when there is no such file, kDevice when it does not load, lacks a
// function (named), is too old, or does not initialise. A library that reports no device opens all
// the same.
std::unique_ptr<Api> open_hip(const OpenOptions& options);
std::unique_ptr<Api> open_cuda(const OpenOptions& options);

}  // namespace rocmforge::gpu
