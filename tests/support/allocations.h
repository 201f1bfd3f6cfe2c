// Counts every operator new of the program it is linked into. Not with the thread sanitizer, which
// keeps operator new for itself.
#pragma once

#include <cstdint>

namespace rocmforge::test {

std::uint64_t n_allocations();

}  // namespace rocmforge::test
