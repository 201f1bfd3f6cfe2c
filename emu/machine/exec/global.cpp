#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> global_handlers() {
  return {};
}

}  // namespace rocmforge::emu
