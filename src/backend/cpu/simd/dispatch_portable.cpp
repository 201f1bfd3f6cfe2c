// Dispatch where no instruction set but plain C++ is compiled in.
#include <array>

#include "backend/cpu/simd/tables.h"
#include "base/check.h"

namespace rocmforge::cpu {

std::span<const Isa> available_isas() {
  static constexpr std::array kAvailable = {Isa::kScalar};
  return kAvailable;
}

const Kernels& kernels(Isa isa) {
  check(isa == Isa::kScalar, "an instruction set that this program was not compiled for");
  return scalar_kernels();
}

}  // namespace rocmforge::cpu
