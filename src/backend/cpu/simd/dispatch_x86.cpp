// Dispatch on x86-64. The compiler's run-time library asks cpuid, and xgetbv for what the operating
// system saves at a switch of threads.
#include <algorithm>
#include <vector>

#include "backend/cpu/simd/tables.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}

std::vector<Isa> detect() {
  __builtin_cpu_init();
  std::vector<Isa> isas = {Isa::kScalar};
  if (has_avx2()) isas.push_back(Isa::kAvx2);
  if (has_avx512()) isas.push_back(Isa::kAvx512);
  return isas;
}

}  // namespace

std::span<const Isa> available_isas() {
  static const std::vector<Isa> available = detect();
  return available;
}

const Kernels& kernels(Isa isa) {
  check(std::ranges::find(available_isas(), isa) != available_isas().end(),
        "an instruction set that this processor lacks");
  switch (isa) {
    case Isa::kAvx512:
      return avx512_kernels();
    case Isa::kAvx2:
      return avx2_kernels();
    case Isa::kScalar:
      break;
  }
  return scalar_kernels();
}

}  // namespace rocmforge::cpu
