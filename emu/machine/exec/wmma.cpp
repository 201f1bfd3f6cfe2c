#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> wmma_handlers() {
  return {};
}

}  // namespace rocmforge::emu
