// Invariants of our own: a failed check is a bug, reported with its place.
#pragma once

#include <source_location>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rocmforge {

[[noreturn]] void check_failed(std::string_view why, const std::source_location& at);

// Throws Error{kInternal} naming file and line when `condition` is false. Not for bad input.
inline void check(bool condition, std::string_view why,
                  const std::source_location& at = std::source_location::current()) {
  if (!condition) check_failed(why, at);
}

}  // namespace rocmforge
