// What runs with ROCMFORGE_EMU_CHECK=full, and what ROCMFORGE_EMU_TRACE and ROCMFORGE_EMU_BREAK ask
// for: one watch a worker each.
#pragma once

#include <memory>
#include <vector>

#include "check/shared_checks.h"
#include "check/trace.h"
#include "machine/watch.h"

namespace rocmforge::emu {

// All checks, for one worker of the machine; `shared` outlives it and is that of all its workers.
std::unique_ptr<Watch> make_checks(SharedChecks& shared, int worker);

// Several as one; null ones are left out, and null is returned where there is none.
std::unique_ptr<Watch> make_chain(std::vector<std::unique_ptr<Watch>> watches);

}  // namespace rocmforge::emu
