// Metadata set by hand, in place of what a file says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace rocmforge::gguf {

struct Override {
  std::string key;
  std::variant<std::int64_t, double, bool, std::string> value;
};

// What each "KEY=TYPE:VALUE" says, TYPE being int, float, bool or str; several in one text are
// separated by commas (one within a string counts as such only before another KEY=TYPE:).
// Error{kUsage} that names the key: a name that no file may have, another type, a value that is
// none of its type, a key given twice, general.alignment (the tensors lie as the file says).
std::vector<Override> parse_overrides(std::span<const std::string> texts);

}  // namespace rocmforge::gguf
