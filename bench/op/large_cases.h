// Shapes of real models, too large for the tests. Each graph reads so many different weights that
// none is still in the caches when its turn comes again.
#pragma once

#include <vector>

#include "op/cases.h"

namespace rocmforge::bench {

std::vector<optest::Case> large_cases();

}  // namespace rocmforge::bench
