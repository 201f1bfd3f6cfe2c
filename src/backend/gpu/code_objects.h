// The kernels, compiled for the targets that the build was told of (ROCMFORGE_GPU_TARGETS),
// embedded compressed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::gpu {

struct CodeObject {
  std::string target;  // that it was compiled for: "gfx1100", "sm_80"
  // What the driver's module-load takes: an ELF code object of AMD, or PTX text with its final 0.
  std::vector<std::byte> bytes;
};

// The object to load on a card: for gfx targets the exact one, as ROCm loads no other; for sm_NN
// the newest PTX of at most NN, which the driver assembles. Nullopt when none was built.
// Error{kInternal} when an embedded object does not decompress.
std::optional<CodeObject> find_code_object(std::string_view target);

// Targets of the build, in its order; empty when GPU support was not built.
std::vector<std::string_view> list_code_objects();

// What to tell a user whose card has no object: what was built, and how to build for it.
std::string missing_code_object(std::string_view target);

}  // namespace rocmforge::gpu
