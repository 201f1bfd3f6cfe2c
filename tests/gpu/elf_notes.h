// The metadata of an AMD code object: the msgpack of its note NT_AMDGPU_METADATA (LLVM's
// AMDGPUUsage, "Code Object V4 Metadata").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rocmforge::gputest {

struct KernelArg {
  std::int64_t offset = 0, size = 0;
  std::string kind;  // "by_value", "hidden_..."
};

struct KernelInfo {
  std::string name;
  std::map<std::string, std::int64_t> numbers;  // ".vgpr_count", ...
  std::vector<KernelArg> args;

  std::int64_t at(const std::string& key) const { return numbers.at(key); }
};

struct ObjectInfo {
  std::string target;  // "amdgcn-amd-amdhsa--gfx1100"
  std::vector<KernelInfo> kernels;
};

// Throws std::runtime_error where the file is no such object.
ObjectInfo read_object(const std::string& path);

}  // namespace rocmforge::gputest
