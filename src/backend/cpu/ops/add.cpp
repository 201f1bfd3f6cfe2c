// add: y = a + b, shapes alike. Bound by memory.
#include "backend/cpu/ops/add_rows.h"
#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {

CallPtr prepare(const ir::Add&, const Site& site) {
  return std::make_unique<AddRowsCall>(site);
}

}  // namespace rocmforge::cpu
