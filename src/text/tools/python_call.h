// The arguments of a call that a model wrote as a line of Python.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::text {

// tool_call(city='Paris', days=3) as {"city": "Paris", "days": 3}: names with literals (strings,
// numbers, True, False, None, lists, dicts). Nothing where it is anything else.
std::optional<std::string> python_call_arguments(std::string_view text);

}  // namespace rocmforge::text
