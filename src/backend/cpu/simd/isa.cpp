#include "backend/cpu/simd/isa.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace rocmforge::cpu {

std::string_view to_string(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  return "?";
}

Isa best_isa() {
  const std::span<const Isa> available = available_isas();
  const char* forced = std::getenv("ROCMFORGE_CPU_ISA");
  if (forced == nullptr || *forced == '\0') return available.back();
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (to_string(isa) != forced) continue;
    if (std::ranges::find(available, isa) != available.end()) return isa;
    throw Error(ErrorCode::kUnsupported,
                "[cpu] ROCMFORGE_CPU_ISA: this processor has no " + std::string(to_string(isa)));
  }
  throw Error(ErrorCode::kUsage, "[cpu] ROCMFORGE_CPU_ISA: '" + std::string(forced) +
                                     "' is none of scalar, avx2, avx512");
}

}  // namespace rocmforge::cpu
