// rapidcheck with a fixed seed, so that a test run says the same every time. RC_PARAMS of the
// environment (rapidcheck's own) tries others: RC_PARAMS="seed=7 max_success=10000".
#pragma once

#include <rapidcheck/gtest.h>
#include <cstdlib>

namespace rocmforge::test {

// Before main; rapidcheck reads it when its first property runs.
inline const int kPropertySeed = setenv("RC_PARAMS", "seed=20 max_success=300", 0);

}  // namespace rocmforge::test
