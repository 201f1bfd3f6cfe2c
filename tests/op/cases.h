// The one table of op cases: tests of every backend and the benchmarks walk it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "op/problem.h"

namespace rocmforge::optest {

struct Case {
  std::string name;  // "matmul/q4_0/5x256x37"
  std::function<Problem()> make;
  // On |got - want| / (|want| + size), against the reference in double precision with exact
  // activations, beyond what int8 makes (Allowed::int8); the size is the root mean square of want's
  // row, or `size` where that is larger.
  double tolerance = 2e-5;
  // The same of an instruction set's result against the scalar one's; 0: equal to the bit.
  double isa_tolerance = 2e-5;
  bool isa_rounds = false;  // beyond Allowed::isa
  double size = 1e-20;
  // As tolerance, on a GPU; 0: the same.
  double gpu_tolerance = 0;
};

const std::vector<Case>& cases();

// Parts of the table.
std::vector<Case> row_cases();
std::vector<Case> matmul_cases();
std::vector<Case> attention_cases();
std::vector<Case> sampling_cases();

}  // namespace rocmforge::optest
