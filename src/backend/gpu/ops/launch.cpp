#include "backend/gpu/ops/launch.h"

#include "base/error.h"

namespace rocmforge::gpu {

ArchInfo arch_info(std::string_view target, std::int32_t n_units) {
  ArchInfo arch{.target = std::string(target), .wave = 32, .lds_bytes = 65536, .n_units = n_units};
  const auto is = [target](std::string_view prefix) { return target.starts_with(prefix); };
  arch.matrix_units = !is("gfx103");
  if (is("gfx103") || is("gfx11") || is("gfx12")) return arch;
  if (target == "gfx90a" || target == "gfx942") {
    arch.wave = 64;
    return arch;
  }
  if (is("sm_")) {
    arch.lds_bytes = 101376;  // what a launch may ask for on all of 8.0 and later
    return arch;
  }
  throw Error(ErrorCode::kUnsupported, "[gpu] " + arch.target + ": no kernels for such a card");
}

std::string to_string(const Launch& launch) {
  std::string text = launch.kernel + " " + std::to_string(launch.grid_x) + "x" +
                     std::to_string(launch.grid_y) + " of " + std::to_string(launch.threads);
  if (launch.lds_bytes > 0) text += " lds " + std::to_string(launch.lds_bytes);
  return text;
}

}  // namespace rocmforge::gpu
