// JSON as text.
#pragma once

#include <string>
#include <string_view>

#include "text/json.h"

namespace rocmforge::text {

// Error{kFormat} naming `source` and the offset, for what is not one JSON value or nests deeper
// than 64 levels.
Json read_json(std::string_view text, const std::string& source);
// On one line, with a space after each colon and comma, as templates' tojson has it. What JSON
// cannot say (infinities) becomes null.
std::string write_json(const Json& value);
// With its quotes.
std::string quote_json(std::string_view text);
// What stands between the quotes.
std::string escape_json(std::string_view text);

// The member of an object; null where there is none, or `value` is no object.
const Json* find_member(const Json& value, std::string_view key);
// The text of a string; null for another kind.
const std::string* as_string(const Json* value);

}  // namespace rocmforge::text
