#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> lane_handlers() {
  return {};
}

}  // namespace rocmforge::emu
