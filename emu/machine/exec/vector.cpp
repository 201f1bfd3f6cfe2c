#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> vector_handlers() {
  return {};
}

}  // namespace rocmforge::emu
