// Which instruction set the CPU backend uses; chosen at run time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rocmforge::cpu {

enum class Isa : std::uint8_t {
  kScalar,  // plain C++: the reference
  kAvx2,    // AVX2, FMA, F16C
  kAvx512,  // AVX-512 F, BW, DQ, VL and VNNI
};

std::string_view to_string(Isa isa);  // "scalar", "avx2", "avx512": the names that force one

// Those that this CPU and operating system can run, worst first.
std::span<const Isa> available_isas();
// The best available one, or what ROCMFORGE_CPU_ISA names. Error{kUsage} for an unknown
// name, kUnsupported for one that this CPU lacks.
Isa best_isa();

}  // namespace rocmforge::cpu
