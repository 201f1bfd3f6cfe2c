// An argument that a model wrote as plain text, as JSON of the type that its schema says.
#pragma once

#include <string>
#include <string_view>

#include "text/json.h"

namespace rocmforge::text {

// Whether the schema of a function's parameters lets this one be nothing but a string.
bool is_string_only(const Json& parameters, std::string_view key);

// The value as JSON: as it stands where it is JSON of a type that the schema allows (True, False
// and None of Python count), else quoted. Where the schema says nothing, JSON if it is JSON.
std::string argument_json(const Json& parameters, std::string_view key, std::string_view text);

}  // namespace rocmforge::text
