#include "gguf/override.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "gguf/names.h"

namespace rocmforge::gguf {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"int:", "float:", "bool:", "str:"};

[[noreturn]] void refuse(std::string_view key, const std::string& what) {
  throw Error(ErrorCode::kUsage, "--override-kv: " + printable(key) + ": " + what);
}

std::string quoted(std::string_view text) {
  std::string out(1, '"');
  out += printable(text);
  out += '"';
  return out;
}

bool opens_value(std::string_view text) {
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [&](std::string_view type) { return text.starts_with(type); });
}

// The length of the first KEY=TYPE:VALUE, up to a comma behind which another begins.
std::size_t first_length(std::string_view text) {
  for (std::size_t i = text.find(','); i != std::string_view::npos; i = text.find(',', i + 1)) {
    const std::string_view rest = text.substr(i + 1);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) break;
    if (rest.substr(0, equals).find(',') == std::string_view::npos &&
        opens_value(rest.substr(equals + 1)))
      return i;
  }
  return text.size();
}

template <class T>
T number(std::string_view key, std::string_view text, const char* wanted) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) refuse(key, quoted(text) + " is not " + wanted);
  return value;
}

Override parse_one(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  if (equals == std::string_view::npos || !opens_value(text.substr(equals + 1)))
    throw Error(ErrorCode::kUsage,
                "--override-kv: " + quoted(text) +
                    " is not KEY=TYPE:VALUE with TYPE int, float, bool or str; for example "
                    "llama.context_length=int:8192");
  if (const std::string_view fault = fault_of_name(key, kMaxKeyBytes); !fault.empty())
    refuse(key, "the key " + std::string(fault));
  if (key == "general.alignment")
    refuse(key, "cannot be changed: the tensors lie as the file says");

  const std::string_view typed = text.substr(equals + 1);
  const std::size_t colon = typed.find(':');
  const std::string_view type = typed.substr(0, colon), value = typed.substr(colon + 1);
  if (type == "int") return {std::string(key), number<std::int64_t>(key, value, "a whole number")};
  if (type == "float") {
    const double x = number<double>(key, value, "a number");
    if (!std::isfinite(x)) refuse(key, quoted(value) + " is not a finite number");
    return {std::string(key), x};
  }
  if (type == "str") return {std::string(key), std::string(value)};
  if (value != "true" && value != "false")
    refuse(key, quoted(value) + " is neither true nor false");
  return {std::string(key), value == "true"};
}

void add(std::string_view text, std::vector<Override>& overrides) {
  for (;;) {
    const std::size_t length = first_length(text);
    Override one = parse_one(text.substr(0, length));
    for (const Override& other : overrides)
      if (other.key == one.key) refuse(one.key, "is given twice");
    overrides.push_back(std::move(one));
    if (length == text.size()) return;
    text.remove_prefix(length + 1);
  }
}

}  // namespace

std::vector<Override> parse_overrides(std::span<const std::string> texts) {
  std::vector<Override> overrides;
  for (const std::string& text : texts) add(text, overrides);
  return overrides;
}

}  // namespace rocmforge::gguf
