#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> control_handlers() {
  return {};
}

}  // namespace rocmforge::emu
