// accumulate: accumulator + x, written where the plan put the result: over the accumulator.
#include "backend/cpu/ops/add_rows.h"
#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {

CallPtr prepare(const ir::Accumulate&, const Site& site) {
  return std::make_unique<AddRowsCall>(site);
}

}  // namespace rocmforge::cpu
