// The table of each instruction set that this program was compiled for.
#pragma once

#include "backend/cpu/simd/kernels.h"

namespace rocmforge::cpu {

const Kernels& scalar_kernels();
const Kernels& avx2_kernels();    // x86-64 only
const Kernels& avx512_kernels();  // x86-64 only

}  // namespace rocmforge::cpu
