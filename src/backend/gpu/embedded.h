// The table that the build generates.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rocmforge::gpu {

struct EmbeddedObject {
  std::string_view target;
  std::span<const std::byte> zstd;
};
std::span<const EmbeddedObject> embedded_objects();

}  // namespace rocmforge::gpu
