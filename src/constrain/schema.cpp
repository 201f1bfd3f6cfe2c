// JSON schema -> expressions. What is written always validates; where a schema leaves more open
// than a model needs, less is written (docs/structured-output.md).
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "constrain/grammar.h"
#include "constrain/json_text.h"
#include "constrain/schema_merge.h"
#include "constrain/schema_values.h"

namespace rocmforge::constrain {
namespace json = boost::json;
namespace {

constexpr int kMostNested = 200;
constexpr std::size_t kMostNameBytes = 1024, kMostNamesBytes = 256 * 1024;
constexpr std::size_t kMostMemberRules = 20'000;

class SchemaCompiler {
 public:
  explicit SchemaCompiler(std::string_view text)
      : document_(text),
        to_("schema", {.max_exprs = 300'000, .max_depth = kMostJsonDepth}),
        json_(to_) {}

  std::shared_ptr<const Grammar> compile() { return to_.build(rule_of(document_.root(), "")); }

 private:
  // Of a place that references may name: one rule, so that it may hold itself.
  RuleId rule_of(const json::value& schema, const std::string& place) {
    const auto known = rules_.find(place);
    if (known != rules_.end()) return known->second;
    const RuleId id = to_.declare(place.empty() ? "the root" : place, false);
    rules_.emplace(place, id);
    to_.define(id, compile(schema, place));
    return id;
  }

  Expr compile(const json::value& schema, const std::string& place) {
    if (schema.is_bool()) return schema.get_bool() ? json_.value() : to_.never();
    if (!schema.is_object()) wrong(place, "is neither an object nor true or false");
    if (++nested_ > kMostNested) wrong(place, "nests too deep");
    const json::object& s = schema.get_object();
    const bool alone = std::all_of(s.begin(), s.end(), [](const auto& member) {
      return member.key() == "$ref" || is_annotation(member.key());
    });
    Expr out = to_.never();
    if (s.contains("$ref") && alone) {
      std::string there;
      const json::value& target = document_.find(s, place, there);
      out = to_.call(rule_of(target, there));
    } else {
      const json::value flat = document_.flat(schema, place);
      out = flat.is_object() ? of_object(flat.get_object(), place) : compile(flat, place);
    }
    --nested_;
    return out;
  }

  Expr of_object(const json::object& s, const std::string& place) {
    refuse_unknown(s, place);
    for (const char* choice : {"anyOf", "oneOf"}) {
      if (s.contains(choice)) return choices(s, choice, place);
    }
    if (const json::value* values = s.if_contains("enum")) return enumeration(s, *values, place);
    return by_type(s, place);
  }

  static void refuse_unknown(const json::object& s, const std::string& place) {
    constexpr std::array<std::string_view, 15> kRefused = {"not",
                                                           "if",
                                                           "then",
                                                           "else",
                                                           "patternProperties",
                                                           "propertyNames",
                                                           "contains",
                                                           "multipleOf",
                                                           "dependentRequired",
                                                           "dependentSchemas",
                                                           "dependencies",
                                                           "unevaluatedProperties",
                                                           "unevaluatedItems",
                                                           "$dynamicRef",
                                                           "$recursiveRef"};
    for (const std::string_view key : kRefused) {
      const json::value* v = s.if_contains(key);
      if (v == nullptr) continue;
      const bool says_nothing = (v->is_object() && v->get_object().empty()) ||
                                (v->is_bool() && v->get_bool() && key != "not");
      if (key == "not" || !says_nothing) unsupported(below(place, key), "this keyword");
    }
    const json::value* unique = s.if_contains("uniqueItems");
    if (unique != nullptr && *unique != json::value(false)) {
      unsupported(below(place, "uniqueItems"), "this keyword");
    }
  }

  // --- anyOf, oneOf

  Expr choices(const json::object& s, const std::string& key, const std::string& place) {
    const std::string at = below(place, key);
    if (!s.at(key).is_array() || s.at(key).get_array().empty()) {
      wrong(at, "is not a list of schemas");
    }
    const json::array ways = s.at(key).get_array();
    json::object rest = s;
    rest.erase(key);
    const bool alone = std::all_of(rest.begin(), rest.end(),
                                   [](const auto& member) { return is_annotation(member.key()); });
    if (key == "oneOf") refuse_overlap(ways, at);
    std::vector<Expr> parts;
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const std::string part = below(at, i);
      parts.push_back(compile(alone ? ways[i] : document_.merged(rest, ways[i], part), part));
    }
    return to_.alt(std::move(parts));
  }

  // A value that two of them hold of would not validate.
  void refuse_overlap(const json::array& ways, const std::string& at) const {
    if (ways.size() > 64) unsupported(at, "a choice of more than 64 schemas");
    for (std::size_t i = 0; i < ways.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (document_.disjoint(ways[j], ways[i], below(at, i))) continue;
        unsupported(below(at, i), "a schema that may hold of the same values as number " +
                                      std::to_string(j) + " of its oneOf (anyOf would do)");
      }
    }
  }

  // --- enum and const

  Expr enumeration(const json::object& s, const json::value& values, const std::string& place) {
    if (!values.is_array()) wrong(below(place, "enum"), "is not a list");
    for (const std::string_view key : {"pattern", "format", "properties", "required",
                                       "additionalProperties", "items", "prefixItems"}) {
      if (s.contains(key)) unsupported(below(place, key), "this keyword beside enum or const");
    }
    std::vector<Expr> parts;
    for (const json::value& v : values.get_array()) {
      if ((type_of(v) & named_types(s, place)) != 0 && in_bounds(s, v, place)) {
        parts.push_back(to_.literal(text_of(v)));
      }
    }
    return to_.alt(std::move(parts));
  }

  bool in_bounds(const json::object& s, const json::value& v, const std::string& place) const {
    if (v.is_number()) {
      const auto [low, high] = ends(s, place);
      const double x = v.to_number<double>();
      const auto side = [](const Limit& l) { return l.value; };
      return (!low || x > side(*low) || (x == side(*low) && !low->excluded)) &&
             (!high || x < side(*high) || (x == side(*high) && !high->excluded));
    }
    const auto fits = [&](std::size_t n, std::string_view min, std::string_view max) {
      return n >= count(s, min, 0, place) && n <= count(s, max, kUnbounded, place);
    };
    if (v.is_array()) return fits(v.get_array().size(), "minItems", "maxItems");
    if (v.is_object()) return fits(v.get_object().size(), "minProperties", "maxProperties");
    if (!v.is_string()) return true;
    const std::string_view text = v.get_string();
    const auto n = std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    });
    return fits(static_cast<std::size_t>(n), "minLength", "maxLength");
  }

  // --- by type

  static bool has_any(const json::object& s, std::initializer_list<std::string_view> keys) {
    return std::any_of(keys.begin(), keys.end(), [&](auto key) { return s.contains(key); });
  }

  Expr by_type(const json::object& s, const std::string& place) {
    std::uint32_t types = named_types(s, place);
    if (!s.contains("type")) {  // what the keywords speak of
      std::uint32_t meant = 0;
      if (has_any(s, {"properties", "required", "additionalProperties", "minProperties",
                      "maxProperties"})) {
        meant |= kObject;
      }
      if (has_any(s, {"items", "prefixItems", "minItems", "maxItems", "additionalItems"})) {
        meant |= kArray;
      }
      if (has_any(s, {"pattern", "format", "minLength", "maxLength"})) meant |= kString;
      if (has_any(s, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})) {
        meant |= kNumber | kInteger;
      }
      if (meant == 0) return json_.value();
      types = meant;
    }
    std::vector<Expr> parts;
    if (types & kObject) parts.push_back(object(s, place));
    if (types & kArray) parts.push_back(array(s, place));
    if (types & kString) parts.push_back(string(s, place));
    if (types & kNumber) {
      parts.push_back(number(s, place));
    } else if (types & kInteger) {
      parts.push_back(integer(s, place));
    }
    if (types & kBoolean) parts.push_back(json_.boolean());
    if (types & kNull) parts.push_back(json_.null());
    return to_.alt(std::move(parts));
  }

  // --- numbers

  Expr integer(const json::object& s, const std::string& place) {
    const auto [low, high] = ends(s, place);
    if (!low && !high) return json_.integer();
    constexpr double kMost = 999'999'999'999'999;  // exact as a double, and next to it too
    constexpr std::int64_t kOpen = 9'999'999'999'999'999;
    std::int64_t from = -kOpen, to = kOpen;
    if (low && low->value >= -kMost) {
      if (low->value > kMost) unsupported(low->place, "a bound of 10^15 or more");
      from = static_cast<std::int64_t>(std::ceil(low->value));
      if (low->excluded && static_cast<double>(from) == low->value) ++from;
    }
    if (high && high->value <= kMost) {
      if (high->value < -kMost) unsupported(high->place, "a bound of -10^15 or less");
      to = static_cast<std::int64_t>(std::floor(high->value));
      if (high->excluded && static_cast<double>(to) == high->value) --to;
    }
    if (low && low->value < -kMost) from = -static_cast<std::int64_t>(kMost);
    if (high && high->value > kMost) to = static_cast<std::int64_t>(kMost);
    return json_.integer(from, to);
  }

  Expr number(const json::object& s, const std::string& place) {
    const auto [low, high] = ends(s, place);
    if (!low && !high) return json_.number();
    return json_.number(bound(low, true), bound(high, false));
  }

  // --- strings

  Expr string(const json::object& s, const std::string& place) {
    const std::uint32_t min = count(s, "minLength", 0, place);
    const std::uint32_t max = count(s, "maxLength", kUnbounded, place);
    if (min > max) return to_.never();
    const json::value *pattern = s.if_contains("pattern"), *format = s.if_contains("format");
    if (format != nullptr && !format->is_string()) wrong(below(place, "format"), "is no string");
    if (format != nullptr && format->get_string() == "password") format = nullptr;
    if (pattern != nullptr && format != nullptr) {
      unsupported(below(place, "pattern"), "a pattern beside a format");
    }
    if (pattern == nullptr && format == nullptr) {
      return min == 0 && max == kUnbounded ? json_.string() : json_.string(min, max);
    }
    const std::string at = below(place, pattern != nullptr ? "pattern" : "format");
    Pattern content;
    if (pattern != nullptr) {
      if (!pattern->is_string()) wrong(at, "is no string");
      content = parse_regex(std::string_view(pattern->get_string()), "schema: " + at, false);
    } else {
      std::optional<Pattern> known = format_pattern(std::string_view(format->get_string()));
      if (!known) unsupported(at, "this format (there are " + known_formats() + ")");
      content = std::move(*known);
    }
    return json_.string(clipped(std::move(content), min, max, at));
  }

  // --- arrays

  Expr array(const json::object& s, const std::string& place) {
    const std::uint32_t min = count(s, "minItems", 0, place);
    const std::uint32_t max = count(s, "maxItems", kUnbounded, place);
    const json::value *items = s.if_contains("items"), *prefix = s.if_contains("prefixItems");
    std::string rest_key = "items", prefix_key = "prefixItems";
    if (prefix == nullptr && items != nullptr && items->is_array()) {  // up to draft 2019
      prefix = items;
      prefix_key = "items";
      rest_key = "additionalItems";
      items = s.if_contains(rest_key);
    }
    const json::array none;
    if (prefix != nullptr && !prefix->is_array()) wrong(below(place, prefix_key), "is not a list");
    const json::array& first = prefix != nullptr ? prefix->get_array() : none;
    // Behind a tuple there is more only where the schema says what.
    Expr more = to_.never();
    if (items != nullptr) {
      more = compile(*items, below(place, rest_key));
    } else if (first.empty() || min > first.size()) {
      more = json_.value();
    }
    const RuleId id = to_.declare(place + " (an array)", true);
    to_.define(id, first.empty() ? json_.list("[", more, min, to_.is_never(more) ? 0 : max, "]")
                                 : tuple(first, below(place, prefix_key), more, min, max));
    return to_.call(id);
  }

  Expr tuple(const json::array& first, const std::string& place, Expr more, std::uint32_t min,
             std::uint32_t max) {
    const auto n = static_cast<std::uint32_t>(first.size());
    if (n > 1000) unsupported(place, "a tuple of more than 1000");
    const auto left = [n](std::uint32_t k) {
      return k == kUnbounded ? kUnbounded : k > n ? k - n : 0;
    };
    // From the back: what may follow so many items.
    Expr after = to_.repeat(to_.seq({json_.comma(), more}), left(min), left(max));
    for (std::uint32_t i = n; i-- > 0;) {
      Expr item = to_.never();
      if (i < max) item = compile(first[i], below(place, std::size_t{i}));
      const Expr comma = i == 0 ? to_.empty() : json_.comma();
      after = to_.seq({comma, item, after});
      if (i >= min) after = to_.alt({to_.empty(), after});
      after = to_.call(to_.rule(below(place, std::size_t{i}), after));
    }
    return to_.seq({to_.literal("["), after, to_.literal("]")});
  }

  // --- objects

  struct Member {
    std::string name;
    Expr text;  // name, colon, value
    bool required, possible;
  };

  Expr object(const json::object& s, const std::string& place) {
    const RuleId id = to_.declare(place + " (an object)", true);
    std::vector<Member> members = members_of(s, place);
    const json::value* rest = s.if_contains("additionalProperties");
    Expr more = to_.never();
    std::vector<std::string> names;
    for (const Member& m : members) names.push_back(m.name);
    if (rest != nullptr ? *rest != json::value(false) : names.empty()) {
      const Expr value =
          rest != nullptr ? compile(*rest, below(place, "additionalProperties")) : json_.value();
      more = to_.seq({json_.name_except(names), json_.colon(), value});
      if (to_.is_never(value)) more = value;
    }
    std::erase_if(members, [](const Member& m) { return !m.possible && !m.required; });
    to_.define(id,
               to_.seq({to_.literal("{"), contents(s, members, more, place), to_.literal("}")}));
    return to_.call(id);
  }

  std::vector<Member> members_of(const json::object& s, const std::string& place) {
    std::vector<std::string> required;
    const std::string at = below(place, "properties");
    if (const json::value* list = s.if_contains("required")) {
      if (!list->is_array()) wrong(below(place, "required"), "is not a list of names");
      for (const json::value& name : list->get_array()) {
        if (!name.is_string()) wrong(below(place, "required"), "is not a list of names");
        required.emplace_back(std::string_view(name.get_string()));
      }
    }
    std::vector<Member> out;
    std::size_t bytes = 0;
    const auto add = [&](std::string_view name, const json::value& schema,
                         const std::string& where) {
      bytes += name.size();
      if (name.size() > kMostNameBytes || bytes > kMostNamesBytes) {
        unsupported(at, "a name of more than 1024 bytes, or 256 KiB of them,");
      }
      const Expr value = compile(schema, where);
      const std::string quoted = json::serialize(json::value(json::string(name)));
      const bool needed = std::find(required.begin(), required.end(), name) != required.end();
      const Expr text = to_.seq({to_.literal(quoted), json_.colon(), value});
      out.push_back({std::string(name), text, needed, !to_.is_never(value)});
    };
    const json::value* properties = s.if_contains("properties");
    if (properties != nullptr) {
      if (!properties->is_object()) wrong(at, "is not an object");
      for (const auto& member : properties->get_object()) {
        add(member.key(), member.value(), below(at, member.key()));
      }
    }
    const json::value* rest = s.if_contains("additionalProperties");
    const json::value any(true);
    for (const std::string& name : required) {
      const bool known =
          std::any_of(out.begin(), out.end(), [&](const Member& m) { return m.name == name; });
      if (known) continue;
      add(name, rest != nullptr ? *rest : any, below(place, "required"));
    }
    return out;
  }

  // Members in their order, optional ones left out or not, then additional ones. A rule for each
  // number of a member and each number of members before it, as far as that matters.
  Expr contents(const json::object& s, const std::vector<Member>& members, Expr more,
                const std::string& place) {
    const std::uint32_t min = count(s, "minProperties", 0, place);
    const std::uint32_t max = count(s, "maxProperties", kUnbounded, place);
    const auto n = static_cast<std::uint32_t>(members.size());
    const auto n_required = static_cast<std::uint32_t>(
        std::count_if(members.begin(), members.end(), [](const Member& m) { return m.required; }));
    const bool any_more = !to_.is_never(more);
    // Additional members may have one name twice, and then count once.
    if (min > n_required + 1 && any_more) {
      unsupported(below(place, "minProperties"),
                  "more than one above the required members, where others may have any name,");
    }
    const bool counted = min > n_required || max < n + (any_more ? kMostCount : 0);
    // So many are told apart; with no counting, none and some.
    const std::uint32_t most =
        counted ? std::min(n, std::max(min, max == kUnbounded ? 0 : max) + 1) : 1;
    if (std::size_t{n} * most > kMostMemberRules) {
      unsupported(below(place, "properties"),
                  "that many members beside minProperties or maxProperties");
    }
    const auto left = [](std::uint32_t k, std::uint32_t had) {
      return k == kUnbounded ? kUnbounded : k > had ? k - had : 0;
    };
    std::vector<Expr> after(most + 1);  // by the members before
    for (std::uint32_t had = 0; had <= most; ++had) {
      const Expr tail = to_.seq({json_.comma(), more});
      const std::uint32_t low = left(min, had), high = left(max, had);
      if (had > max) {
        after[had] = to_.never();
      } else if (!any_more) {
        after[had] = low == 0 ? to_.empty() : to_.never();
      } else if (had > 0) {
        after[had] = to_.repeat(tail, low, high);
      } else if (high == 0) {
        after[had] = to_.empty();
      } else {
        const Expr some = to_.seq({more, to_.repeat(tail, low == 0 ? 0 : low - 1, left(high, 1))});
        after[had] = low == 0 ? to_.optional(some) : some;
      }
    }
    for (std::uint32_t i = n; i-- > 0;) {
      std::vector<Expr> now(most + 1);
      const Member& m = members[i];
      const Expr text = to_.call(to_.rule(below(place, m.name), m.text));
      for (std::uint32_t had = 0; had <= std::min(i, most); ++had) {
        const Expr comma = had == 0 ? to_.empty() : json_.comma();
        const Expr with = to_.seq({comma, text, after[std::min(had + 1, most)]});
        const Expr ways = m.required ? with : to_.alt({with, after[had]});
        now[had] = to_.is_never(ways) ? ways : to_.call(to_.rule(below(place, m.name), ways));
      }
      after = std::move(now);
    }
    return after[0];
  }

  SchemaDocument document_;
  Builder to_;
  JsonText json_;
  std::map<std::string, RuleId> rules_;
  int nested_ = 0;
};

}  // namespace

std::shared_ptr<const Grammar> grammar_of_schema(std::string_view schema) {
  return SchemaCompiler(schema).compile();
}

}  // namespace rocmforge::constrain
