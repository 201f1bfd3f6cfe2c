// The loops over plain F32 rows: norms, exponentials, rotations. Written once with Google Highway,
// compiled for each instruction set, chosen as simd/kernels.h is: by Isa.
#pragma once

#include <cstdint>

#include "backend/cpu/simd/isa.h"

namespace rocmforge::cpu {

// Results may lie over an operand unless said otherwise; nothing needs alignment.
struct Elementwise {
  Isa isa;
  // y[i] = x[i] / sqrt(mean(x^2) + eps) * gain[i]
  void (*rms_norm)(const float* x, const float* gain, std::int64_t n, float eps, float* y);
  void (*add)(const float* a, const float* b, std::int64_t n, float* y);
  void (*scale)(const float* x, std::int64_t n, float factor, float* y);
  // y = silu(gate) * up, silu(t) = t / (1 + exp(-t))
  void (*swiglu)(const float* gate, const float* up, std::int64_t n, float* y);
  // Rotates n_pairs pairs, (2i, 2i+1) or (i, i + n_pairs), by the angles of cos_sin[n_pairs][2].
  void (*rope_norm)(const float* x, const float* cos_sin, std::int64_t n_pairs, float* y);
  void (*rope_neox)(const float* x, const float* cos_sin, std::int64_t n_pairs, float* y);
  // Largest of n > 0 values.
  float (*max)(const float* x, std::int64_t n);
  // y = exp(x - shift), exactly 0 where x is -inf; returns the sum. x - shift is at most 0.
  float (*exp_sum)(const float* x, std::int64_t n, float shift, float* y);
};

const Elementwise& elementwise(Isa isa);

}  // namespace rocmforge::cpu
