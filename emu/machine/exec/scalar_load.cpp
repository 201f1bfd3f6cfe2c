#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> scalar_load_handlers() {
  return {};
}

}  // namespace rocmforge::emu
