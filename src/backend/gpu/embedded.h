// The table that the build generates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rocmforge::gpu {

// What a driver loads: a code object of AMD or a cubin, which run on cards of their target; or PTX,
// which it assembles for cards of its target and newer ones.
enum class Image : std::uint8_t { kBinary, kPtx };

struct EmbeddedObject {
  std::string_view target;  // "gfx1100", "sm_80"
  std::string_view module;  // the device source that it was compiled from: "matmul_q4_0"
  Image image = Image::kBinary;
  std::span<const std::byte> zstd;
  std::string_view kernels;  // their names, each with a line's end
};
std::span<const EmbeddedObject> embedded_objects();

}  // namespace rocmforge::gpu
