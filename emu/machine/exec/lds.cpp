#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> lds_handlers() {
  return {};
}

}  // namespace rocmforge::emu
