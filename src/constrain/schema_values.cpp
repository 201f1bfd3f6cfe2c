#include "constrain/schema_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rocmforge::constrain {
namespace json = boost::json;

std::string text_of(const json::value& v) {
  if (v.is_double()) return fmt::format("{}", v.get_double());
  std::string out;
  if (v.is_array()) {
    for (const json::value& item : v.get_array()) {
      out.append(out.empty() ? "[" : ",").append(text_of(item));
    }
    return out.empty() ? "[]" : out + "]";
  }
  if (v.is_object()) {
    for (const auto& member : v.get_object()) {
      out.append(out.empty() ? "{" : ",").append(json::serialize(json::value(member.key())));
      out.append(":").append(text_of(member.value()));
    }
    return out.empty() ? "{}" : out + "}";
  }
  return json::serialize(v);
}

std::uint32_t count(const json::object& s, std::string_view key, std::uint32_t otherwise,
                    const std::string& place) {
  const json::value* v = s.if_contains(key);
  if (v == nullptr) return otherwise;
  const bool is_count =
      v->is_number() && (type_of(*v) & kInteger) != 0 && v->to_number<double>() >= 0;
  if (!is_count) wrong(below(place, key), "is not a whole number from 0 on");
  if (v->to_number<double>() <= kMostCount) return v->to_number<std::uint32_t>();
  if (otherwise == kUnbounded) return kUnbounded;
  unsupported(below(place, key), "more than 1000000");
}

Ends ends(const json::object& s, const std::string& place) {
  Ends out;
  const auto look = [&](std::string_view key, bool excluded, bool low) {
    const json::value* v = s.if_contains(key);
    if (v == nullptr) return;
    std::optional<Limit>& end = low ? out.first : out.second;
    const std::string at = below(place, key);
    if (excluded && v->is_bool()) {  // draft 4
      if (v->get_bool() && end) end->excluded = true;
      return;
    }
    if (!v->is_number()) wrong(at, "is not a number");
    const Limit limit{v->to_number<double>(), excluded, at};
    const bool tighter = !end || (low ? limit.value >= end->value : limit.value <= end->value);
    if (tighter) end = limit;
  };
  look("minimum", false, true);
  look("maximum", false, false);
  look("exclusiveMinimum", true, true);
  look("exclusiveMaximum", true, false);
  return out;
}

std::optional<Bound> bound(const std::optional<Limit>& limit, bool low) {
  if (!limit) return std::nullopt;
  constexpr double kMost = 999'999'999'999'998;
  const double size = std::fabs(limit->value);
  if (size > kMost) {
    if ((limit->value < 0) == low) return Bound{.negative = low, .whole = 999'999'999'999'999};
    unsupported(limit->place, "a bound of that size");
  }
  const std::string digits = fmt::format("{:.15f}", size);
  const std::string shortest = fmt::format("{}", size);
  Bound out{.negative = limit->value < 0,
            .whole = static_cast<std::uint64_t>(std::floor(size)),
            .fraction = {},
            .excluded = limit->excluded};
  const std::size_t dot = shortest.find('.');
  if (shortest.find('e') != std::string::npos) {
    if (size >= 1) return out;  // 1e+15 and more
    out.fraction = digits.substr(digits.find('.') + 1);
    if (std::stod("0." + out.fraction) != size) {
      unsupported(limit->place, "a bound of more than 15 decimals");
    }
  } else if (dot != std::string::npos) {
    out.fraction = shortest.substr(dot + 1);
  }
  while (out.fraction.ends_with('0')) out.fraction.pop_back();
  if (out.fraction.size() > 15) unsupported(limit->place, "a bound of more than 15 decimals");
  return out;
}

Pattern clipped(Pattern p, std::uint32_t min, std::uint32_t max, const std::string& at) {
  Pattern* whole = &p;
  while (whole->kind != Pattern::Kind::kRepeat && whole->kind != Pattern::Kind::kSet &&
         whole->parts.size() == 1) {
    whole = &whole->parts[0];
  }
  if (whole->kind == Pattern::Kind::kRepeat && whole->parts[0].kind == Pattern::Kind::kSet) {
    whole->min = std::max(whole->min, min);
    whole->max = std::min(whole->max, max);
    if (whole->min <= whole->max) return p;
    wrong(at, "has no text of that length");
  }
  const Lengths l = lengths(p);
  if (l.min >= min && l.max <= max) return p;
  if (l.min > max || l.max < min) wrong(at, "has no text of that length");
  unsupported(at, "a pattern or format of other lengths beside minLength or maxLength");
}

}  // namespace rocmforge::constrain
