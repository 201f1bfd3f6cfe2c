// What the keywords of a schema say of single values.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "constrain/json_text.h"
#include "constrain/schema_merge.h"

namespace rocmforge::constrain {

[[noreturn]] inline void wrong(const std::string& place, const std::string& what) {
  schema_error(ErrorCode::kInvalidArgument, place, what);
}
[[noreturn]] inline void unsupported(const std::string& place, const std::string& what) {
  schema_error(ErrorCode::kUnsupported, place, what + " is not supported");
}

// JSON without white space; doubles in their shortest form.
std::string text_of(const boost::json::value& v);

inline constexpr std::uint32_t kMostCount = 1'000'000;
// A keyword that counts: `otherwise` where there is none.
std::uint32_t count(const boost::json::object& s, std::string_view key, std::uint32_t otherwise,
                    const std::string& place);

// The ends of a range of numbers.
struct Limit {
  double value;
  bool excluded;
  std::string place;
};
using Ends = std::pair<std::optional<Limit>, std::optional<Limit>>;

Ends ends(const boost::json::object& s, const std::string& place);
// An end as decimal digits.
std::optional<Bound> bound(const std::optional<Limit>& limit, bool low);

// The pattern's texts of that length, where they can be told: all of them, or repetitions of one
// class.
Pattern clipped(Pattern p, std::uint32_t min, std::uint32_t max, const std::string& at);

}  // namespace rocmforge::constrain
