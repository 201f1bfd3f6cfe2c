// The same kernels, wrong: add() adds twice.
#define ROCMFORGE_TEST_FACTOR 2
#include "emu/hip_kernels.hip"
