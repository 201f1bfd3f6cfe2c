// Tells the architecture of a card that neither its library nor the kernel's driver names: by what
// runs on it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "backend/gpu/driver/api.h"

namespace rocmforge::gpu {

struct Probe {
  std::string target;                             // "gfx1100"
  std::function<std::vector<std::byte>()> image;  // of the kernel `probe` (ops/probe_args.h)
};
// AMD's targets of this program.
std::vector<Probe> embedded_probes();

// The target of the first probe that loads on the device and gives the right numbers there: ROCm
// loads code of its exact target alone. Error{kUnsupported} when none does, with what each said.
std::string probe_target(Api& api, std::int32_t device, std::span<const Probe> probes);

}  // namespace rocmforge::gpu
