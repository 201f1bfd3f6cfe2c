// JSON in and out, by Boost.JSON; text/json_node.cpp compiles its source.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/golden.h"
#include "text/json.h"

namespace rocmforge::cli {

// "text" with quotes and escapes; bytes that are no UTF-8 become U+FFFD.
std::string to_json_string(std::string_view text);

// Nothing when it is not JSON, or nests too deep.
std::optional<text::Json> parse_json(std::string_view text);
boost::json::value to_boost(const text::Json& value);

// Parses a file. Errors name the path: kNotFound, kIo, kFormat (not JSON).
boost::json::value read_json(const std::string& path);

// A golden: an array of {"prompt": [ids], "steps": [{"id": n, "top": [[id, logprob], ...]}, ...]}.
// Error{kFormat} naming path, prompt and step where it is anything else.
engine::Golden read_golden(const std::string& path);

}  // namespace rocmforge::cli
