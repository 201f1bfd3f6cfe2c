// One head's rotation, shared by rope and the attention that rotates what it reads.
#pragma once

#include <cstring>

#include "backend/cpu/vector/elementwise.h"
#include "ir/ops.h"

namespace rocmforge::cpu {

// y = x with its first n_rot dimensions rotated; cos_sin is the step's row [n_rot / 2][2].
inline void rope_head(const Elementwise& e, const ir::RopeSpec& spec, const float* x,
                      const float* cos_sin, float* y) {
  const std::int64_t n_pairs = spec.n_rot / 2;
  (spec.kind == ir::RopeKind::kNorm ? e.rope_norm : e.rope_neox)(x, cos_sin, n_pairs, y);
  if (spec.n_rot < spec.head_dim) {
    std::memcpy(y + spec.n_rot, x + spec.n_rot,
                static_cast<std::size_t>(spec.head_dim - spec.n_rot) * sizeof(float));
  }
}

}  // namespace rocmforge::cpu
