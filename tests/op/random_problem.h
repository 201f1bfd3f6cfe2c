// A random graph with everything that a run of it needs.
#pragma once

#include "op/problem.h"
#include "support/random_graph.h"

namespace rocmforge::optest {

// `choices` decide the graph, then the step: rows, sequences, how the attention's work is split.
Problem random_problem(test::Choices& choices, const test::RandomGraphOptions& options = {});

}  // namespace rocmforge::optest
