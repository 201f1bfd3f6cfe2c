// The embedded kernels, loaded on one device.
#pragma once

#include <map>
#include <string>

#include "backend/gpu/context.h"

namespace rocmforge::gpu {

class Kernels {
 public:
  // Error{kUnsupported} when the program holds no kernels for the device's target, naming the build
  // command and, where a built relative could serve, what would select it.
  explicit Kernels(ContextPtr context);

  FunctionHandle find(const std::string& name);  // Error{kDevice} when the module lacks it

 private:
  ContextPtr context_;
  Module module_;
  std::map<std::string, FunctionHandle> functions_;
};

// What to tell of a card without kernels: `missing`, and the HSA_OVERRIDE_GFX_VERSION by which ROCm
// takes the card for a target of `built` that has the same instructions, if there is one.
std::string explain_missing(const std::string& target, std::span<const std::string_view> built,
                            const std::string& missing);

}  // namespace rocmforge::gpu
