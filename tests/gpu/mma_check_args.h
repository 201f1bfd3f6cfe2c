// Arguments of mma_check_<type>: one tile of C = A B^T by one wave.
#pragma once

namespace rocmforge::gputest {

struct MmaCheckArgs {
  const void* a;  // [16][k] int8, F16 or BF16
  const void* b;  // [16][k]
  void* c;        // [16][16] I32 or F32
};

}  // namespace rocmforge::gputest
