// matmul of the reference, and how far from it rounding to int8 may take a result.
//
// A quantized weight row meets activations in int8 with a scale of max|x| / 127 each 32 columns
// (the halves of a GPU's matrix units are nearer). Each activation is so off by at most half a
// step, step = max|x| / 127, evenly spread: by a standard deviation of step / sqrt(12). Those of a
// sum of products are independent, so that the sum's is
//   s = sqrt(sum over blocks of step^2 / 12 * sum of w^2),
// and, being of some hundred terms, as good as normal: of 10^8 results one is off by kDeviations s
// where that is 6. What the weights lost by quantization is in want too.
// Between two instruction sets nothing differs but where a norm, or a reciprocal, differs in its
// last bits, and takes an activation q, of up to 127 steps, across the middle between two whole
// numbers: 127 steps of 2^-22 are 3e-5 of one, so of 1000 activations of a row it meets 0.03, and
// more than kFlips of them in one row of 10^5. Each moves a sum by a step times its weight.
//
// Of SwiGLU y = silu(g) u, with g and u off by at most dg and du:
//   |silu(g + e) - silu(g)| <= |silu'(g)| dg + dg^2 / 4, for |silu''| <= 1/2,
//   |y' - y| <= that * (|u| + du) + |silu(g)| du.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ir/ops.h"
#include "op/reference.h"

namespace rocmforge::optest {

inline constexpr double kDeviations = 6, kFlips = 2;

double silu(double t);

// A row of the weight, decoded.
struct WeightRow {
  std::vector<double> w;
  double bias = 0;
  bool quantized = false;
};

struct MatMulResult {
  Tensor y;
  Allowed allowed;
};
// y = epilogue(x W^T + bias) of n_rows rows of W; `residual` where the epilogue adds one.
MatMulResult multiply(const Tensor& x, std::int64_t n_rows,
                      const std::function<WeightRow(std::int64_t)>& weight, ir::Epilogue epilogue,
                      const Tensor* residual);

}  // namespace rocmforge::optest
