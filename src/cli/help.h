// How the command line shows its options and reads their numbers.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace rocmforge::cli {

// "  -n,--max-tokens N        Most tokens to add [128]": names, what they take, the default last.
std::shared_ptr<CLI::FormatterBase> help_format();

// For Option::transform and check, before CLI11 converts the text, which alone would take 0x10, 010
// for 8, and the nearest number for one that is too large. As a transform the first makes 010 10.
CLI::Validator whole_number(std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                            std::int64_t most = std::numeric_limits<std::int64_t>::max());
CLI::Validator number();
// An empty path, of a variable that is not set, is refused: it is told from none.
CLI::Validator not_empty_path();
CLI::Validator one_of(const std::vector<std::string>& names);

// A list with ", " between its words, in lines of at most 70 characters, for descriptions.
std::string wrapped(const std::string& list);

// Group headings of the help.
inline constexpr const char* kModelGroup = "Model and device";
inline constexpr const char* kOtherGroup = "Other";

}  // namespace rocmforge::cli
