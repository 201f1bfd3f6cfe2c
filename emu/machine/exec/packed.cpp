#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> packed_handlers() {
  return {};
}

}  // namespace rocmforge::emu
