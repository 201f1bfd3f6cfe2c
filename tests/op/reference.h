// What a graph means, in double precision: one straight formula an op, over decoded weights, with
// no work list, tiles or types in between. It shares nothing with any backend.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "op/problem.h"

namespace rocmforge::optest {

// Row-major; the innermost extent last.
struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<double> data;

  std::int64_t cols() const { return shape.back(); }
  std::int64_t rows() const { return static_cast<std::int64_t>(data.size()) / cols(); }
  const double* row(std::int64_t i) const { return data.data() + i * cols(); }
  double* row(std::int64_t i) { return data.data() + i * cols(); }
};

// How far each element may be off where activations are rounded to int8, and where two instruction
// sets round one after a norm (op/reference_matmul.h): beside what rounding to F32 makes. Empty but
// for results of matmul.
struct Allowed {
  std::vector<double> int8, isa;
};

struct Reference {
  std::map<std::string, Tensor> taps;
  std::map<std::string, Allowed> allowed;  // of the same taps
  std::vector<double> kv;                  // in the layout's order, rounded to its type
};
Reference evaluate(const Problem& problem);

}  // namespace rocmforge::optest
