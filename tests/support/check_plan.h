// Memory plans seen from outside: is one right, and one that shares nothing.
#pragma once

#include <string>

#include "ir/passes/memory_plan.h"

namespace rocmforge::test {

// Walks the nodes in order over a shadow of the memory, in which every word knows which value was
// written there last: each operand, tap and output must find its own words. Empty when all do, else
// the first word that does not. It shares no code with the planner.
std::string check_plan(const ir::Graph& graph, const ir::MemoryPlan& plan,
                       const ir::StepLayout& step, const ir::Regions& regions);

// A plan in which every value has memory of its own, but for views and accumulators.
ir::MemoryPlan unshared_plan(const ir::Graph& graph, const ir::StepLayout& step,
                             const ir::Regions& regions, const ir::ScratchBytes& scratch);

}  // namespace rocmforge::test
