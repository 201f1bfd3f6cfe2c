// The kernels, compiled for the targets that the build was told of (ROCMFORGE_GPU_TARGETS),
// embedded compressed: a module for each device source.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/gpu/embedded.h"

namespace rocmforge::gpu {

struct BuiltTarget {
  std::string_view target;  // "gfx1100", "sm_80", "sm_90a"
  Image image = Image::kBinary;

  bool operator==(const BuiltTarget&) const = default;
};
// Of this program, in the build's order; empty when GPU support was not built.
std::vector<BuiltTarget> built_targets();
std::string to_string(std::span<const BuiltTarget> built);  // "gfx1100, sm_80 (PTX, cubin)"

// Those of `built` that run on a card, best first. ROCm loads its exact target alone. NVIDIA takes,
// for "sm_86": a cubin of its major capability and at most its minor; then PTX of at most its
// capability, which the driver assembles. One of a card's own features ("sm_90a") serves that card.
std::vector<BuiltTarget> usable_targets(std::string_view card, std::span<const BuiltTarget> built);

// The kernels of one device source, for a card.
struct KernelModule {
  std::string_view name;
  std::vector<std::string_view> kernels;
  std::vector<const EmbeddedObject*> images;  // best first: the next serves where one does not load
};
// All of this program's; empty when none were built for the card.
std::vector<KernelModule> kernel_modules(std::string_view card);

// What the driver's module-load takes: an ELF file, or PTX text with its final 0. Error{kInternal}
// when it does not decompress.
std::vector<std::byte> decompress(const EmbeddedObject& object);

// What to tell of a card that nothing of `built` runs on: what there is, how to build for it where
// that is possible, and the HSA_OVERRIDE_GFX_VERSION by which ROCm takes the card for a built
// target that has the same instructions, if there is one.
std::string explain_missing(std::string_view card, std::span<const BuiltTarget> built);

}  // namespace rocmforge::gpu
