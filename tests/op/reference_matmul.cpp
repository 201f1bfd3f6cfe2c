#include "op/reference_matmul.h"

#include <algorithm>
#include <cmath>

namespace rocmforge::optest {
namespace {

constexpr std::size_t kBlock = 32;  // columns that share a scale

// A sum of products and how far it may be off.
struct Sum {
  double value = 0, int8 = 0, isa = 0;
};

// The steps of each block of a row of x.
std::vector<double> steps_of(const double* x, std::size_t cols) {
  std::vector<double> steps;
  for (std::size_t begin = 0; begin < cols; begin += kBlock) {
    double most = 0;
    for (std::size_t j = begin; j < std::min(cols, begin + kBlock); ++j) {
      most = std::max(most, std::abs(x[j]));
    }
    steps.push_back(most / 127);
  }
  return steps;
}

// Of each block of a row of W: the sum of squares, and the largest.
struct Blocks {
  std::vector<double> squares, largest;
};
Blocks blocks_of(const std::vector<double>& w) {
  Blocks out;
  for (std::size_t begin = 0; begin < w.size(); begin += kBlock) {
    double squares = 0, largest = 0;
    for (std::size_t j = begin; j < std::min(w.size(), begin + kBlock); ++j) {
      squares += w[j] * w[j];
      largest = std::max(largest, std::abs(w[j]));
    }
    out.squares.push_back(squares);
    out.largest.push_back(largest);
  }
  return out;
}

Sum add_up(const WeightRow& row, const Blocks& blocks, const double* x,
           const std::vector<double>& steps) {
  Sum sum{.value = row.bias};
  for (std::size_t j = 0; j < row.w.size(); ++j) sum.value += row.w[j] * x[j];
  if (!row.quantized) return sum;
  double variance = 0, flip = 0;
  for (std::size_t b = 0; b < steps.size(); ++b) {
    variance += steps[b] * steps[b] / 12 * blocks.squares[b];
    flip = std::max(flip, steps[b] * blocks.largest[b]);
  }
  sum.int8 = kDeviations * std::sqrt(variance);
  sum.isa = kFlips * flip;
  return sum;
}

// How far silu(g) u is off where g is by dg and u by du.
double off_by(double g, double u, double dg, double du) {
  const double logistic = 1 / (1 + std::exp(-g));
  const double slope = logistic * (1 + g * (1 - logistic));
  return (std::abs(slope) * dg + dg * dg / 4) * (std::abs(u) + du) + std::abs(silu(g)) * du;
}

}  // namespace

double silu(double t) {
  return t / (1 + std::exp(-t));
}

MatMulResult multiply(const Tensor& x, std::int64_t n_rows,
                      const std::function<WeightRow(std::int64_t)>& weight, ir::Epilogue epilogue,
                      const Tensor* residual) {
  const auto n = static_cast<std::size_t>(x.rows()), rows = static_cast<std::size_t>(n_rows);
  std::vector<std::vector<double>> steps;
  for (std::size_t i = 0; i < n; ++i) {
    steps.push_back(
        steps_of(x.row(static_cast<std::int64_t>(i)), static_cast<std::size_t>(x.cols())));
  }
  std::vector<Sum> sums(n * rows);
  for (std::size_t r = 0; r < rows; ++r) {
    const WeightRow row = weight(static_cast<std::int64_t>(r));
    const Blocks blocks = blocks_of(row.w);
    for (std::size_t i = 0; i < n; ++i) {
      sums[i * rows + r] = add_up(row, blocks, x.row(static_cast<std::int64_t>(i)), steps[i]);
    }
  }
  const bool gated = epilogue == ir::Epilogue::kSwiGlu;
  const std::size_t outputs = gated ? rows / 2 : rows;
  MatMulResult out;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < outputs; ++c) {
      const Sum& p = sums[i * rows + c];
      Sum y = p;
      if (gated) {
        const Sum& up = sums[i * rows + c + outputs];
        y = {.value = silu(p.value) * up.value,
             .int8 = off_by(p.value, up.value, p.int8, up.int8),
             .isa = off_by(p.value, up.value, p.isa, up.isa)};
      }
      if (residual != nullptr) y.value += residual->data[i * outputs + c];
      out.y.data.push_back(y.value);
      out.allowed.int8.push_back(y.int8);
      out.allowed.isa.push_back(y.isa);
    }
  }
  out.y.shape = {static_cast<std::int64_t>(n), static_cast<std::int64_t>(outputs)};
  return out;
}

}  // namespace rocmforge::optest
