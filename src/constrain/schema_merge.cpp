#include "constrain/schema_merge.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace rocmforge::constrain {
namespace json = boost::json;
namespace {

constexpr int kMostDepth = 64;
constexpr int kMostSteps = 50'000;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

std::string unescaped(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto hex = [&](std::size_t at) -> int {
      const char c = at < part.size() ? part[at] : 'x';
      if (c >= '0' && c <= '9') return c - '0';
      const char low = static_cast<char>(c | 32);
      return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
    };
    if (part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
      out += part[++i] == '0' ? '~' : '/';
    } else if (part[i] == '%' && hex(i + 1) >= 0 && hex(i + 2) >= 0) {
      out += static_cast<char>(hex(i + 1) * 16 + hex(i + 2));
      i += 2;
    } else {
      out += part[i];
    }
  }
  return out;
}

double as_double(const json::value& v) {
  return v.is_number() ? v.to_number<double>() : 0;
}

// The range of numbers that a schema takes.
struct Range {
  double low = -INFINITY, high = INFINITY;
  bool low_excluded = false, high_excluded = false;
};

Range range_of(const json::object& s) {
  Range out;
  const auto number = [&](std::string_view key) {
    const json::value* v = s.if_contains(key);
    return v != nullptr && v->is_number() ? v : nullptr;
  };
  if (const auto* v = number("minimum")) out.low = as_double(*v);
  if (const auto* v = number("maximum")) out.high = as_double(*v);
  if (const auto* v = number("exclusiveMinimum"); v != nullptr && as_double(*v) >= out.low) {
    out.low = as_double(*v);
    out.low_excluded = true;
  }
  if (const auto* v = number("exclusiveMaximum"); v != nullptr && as_double(*v) <= out.high) {
    out.high = as_double(*v);
    out.high_excluded = true;
  }
  return out;
}

bool apart(const Range& a, const Range& b) {
  return a.high < b.low || (a.high == b.low && (a.high_excluded || b.low_excluded));
}

const json::array* values_of(const json::object& s) {
  const json::value* v = s.if_contains("enum");
  return v != nullptr && v->is_array() ? &v->get_array() : nullptr;
}

bool requires_key(const json::object& s, std::string_view key) {
  const json::value* v = s.if_contains("required");
  return v != nullptr && v->is_array() &&
         std::any_of(v->get_array().begin(), v->get_array().end(), [&](const json::value& name) {
           return name.is_string() && std::string_view(name.get_string()) == key;
         });
}

const json::object* properties_of(const json::object& s) {
  const json::value* v = s.if_contains("properties");
  return v != nullptr && v->is_object() ? &v->get_object() : nullptr;
}

// What a schema asks of a member of this name.
json::value member_schema(const json::object& s, std::string_view name) {
  if (const json::object* properties = properties_of(s)) {
    if (const json::value* v = properties->if_contains(name)) return *v;
  }
  const json::value* rest = s.if_contains("additionalProperties");
  return rest != nullptr ? *rest : json::value(true);
}

bool is_false(const json::value& v) {
  return v.is_bool() && !v.get_bool();
}

}  // namespace

void schema_error(ErrorCode code, const std::string& place, const std::string& what) {
  throw Error(code, "[constrain] schema: " + (place.empty() ? "the root" : place) + ": " + what);
}

std::string below(const std::string& place, std::string_view key) {
  std::string out = place + "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string below(const std::string& place, std::size_t index) {
  return place + "/" + std::to_string(index);
}

std::uint32_t type_of(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return kNull;
    case json::kind::bool_:
      return kBoolean;
    case json::kind::int64:
    case json::kind::uint64:
      return kInteger | kNumber;
    case json::kind::double_:
      return std::floor(v.get_double()) == v.get_double() ? kInteger | kNumber : kNumber;
    case json::kind::string:
      return kString;
    case json::kind::array:
      return kArray;
    case json::kind::object:
      return kObject;
  }
  return 0;
}

std::uint32_t named_types(const json::object& schema, const std::string& place) {
  const json::value* type = schema.if_contains("type");
  if (type == nullptr) return kAllTypes;
  const std::string at = below(place, "type");
  const auto one = [&](const json::value& v) -> std::uint32_t {
    constexpr std::array<std::pair<std::string_view, std::uint32_t>, 7> kNames = {
        {{"null", kNull},
         {"boolean", kBoolean},
         {"integer", kInteger},
         {"number", kNumber | kInteger},
         {"string", kString},
         {"array", kArray},
         {"object", kObject}}};
    for (const auto& [name, bits] : kNames) {
      if (v.is_string() && std::string_view(v.get_string()) == name) return bits;
    }
    schema_error(ErrorCode::kInvalidArgument, at, "is no type of JSON schema");
  };
  if (!type->is_array()) return one(*type);
  std::uint32_t out = 0;
  for (const json::value& v : type->get_array()) out |= one(v);
  if (out == 0) schema_error(ErrorCode::kInvalidArgument, at, "is an empty list");
  return out;
}

bool is_annotation(std::string_view keyword) {
  constexpr std::array<std::string_view, 17> kNames = {
      "title",    "description", "default", "examples",    "example",      "deprecated",
      "readOnly", "writeOnly",   "$schema", "$id",         "id",           "$comment",
      "$defs",    "definitions", "$anchor", "$vocabulary", "discriminator"};
  return std::find(kNames.begin(), kNames.end(), keyword) != kNames.end();
}

SchemaDocument::SchemaDocument(std::string_view text) {
  if (text.size() > kMostBytes) {
    schema_error(ErrorCode::kInvalidArgument, "", "is longer than 1 MiB");
  }
  json::parse_options options;
  options.max_depth = kMostDepth;
  json::stream_parser parser({}, options);
  json::error_code wrong;
  parser.write(text.data(), text.size(), wrong);
  if (!wrong) parser.finish(wrong);
  if (wrong) schema_error(ErrorCode::kInvalidArgument, "", "is not JSON: " + wrong.message());
  root_ = parser.release();
}

const json::value& SchemaDocument::find(const json::object& schema, const std::string& at,
                                        std::string& place) const {
  const std::string here = below(at, "$ref");
  const json::value& ref = schema.at("$ref");
  if (!ref.is_string()) schema_error(ErrorCode::kInvalidArgument, here, "is not a string");
  const std::string_view text = ref.get_string();
  if (!text.starts_with('#') || (text.size() > 1 && text[1] != '/')) {
    schema_error(ErrorCode::kUnsupported, here,
                 "only references within the schema (#/...) are supported");
  }
  const json::value* found = &root_;
  place.clear();
  for (std::size_t i = 1; i < text.size();) {
    const std::size_t end = std::min(text.find('/', i + 1), text.size());
    const std::string key = unescaped(text.substr(i + 1, end - i - 1));
    place = below(place, key);
    const json::value* next = nullptr;
    if (found->is_object()) next = found->get_object().if_contains(key);
    if (found->is_array() && !key.empty() && key.size() < 7 &&
        key.find_first_not_of("0123456789") == std::string::npos) {
      next = found->get_array().if_contains(std::stoul(key));
    }
    if (next == nullptr) {
      schema_error(ErrorCode::kInvalidArgument, here,
                   "names nothing in the schema: " + std::string(text));
    }
    found = next;
    i = end;
  }
  return *found;
}

void SchemaDocument::spend(const std::string& place, int depth) const {
  if (depth > kMostDepth || ++spent_ > kMostSteps) {
    schema_error(ErrorCode::kUnsupported, place, "references, allOf and oneOf go too far here");
  }
}

json::value SchemaDocument::flat(const json::value& schema, const std::string& place,
                                 int depth) const {
  if (!schema.is_object()) return schema;
  spend(place, depth);
  const json::object& from = schema.get_object();
  const bool plain = !from.contains("$ref") && !from.contains("allOf");
  json::object own = from;
  own.erase("$ref");
  own.erase("allOf");
  if (own.contains("const")) {
    json::value only(own.at("const"));
    own.erase("const");
    json::array values = {only};
    if (const json::array* also = values_of(own)) {
      if (std::find(also->begin(), also->end(), only) == also->end()) values.clear();
    }
    own["enum"] = values;
  }
  json::value out = own;
  if (plain) return out;
  if (from.contains("$ref")) {
    std::string there;
    const json::value& target = find(from, place, there);
    out = merged(flat(target, there, depth + 1), out, place, depth + 1);
  }
  if (const json::value* all = from.if_contains("allOf")) {
    const std::string at = below(place, "allOf");
    if (!all->is_array()) schema_error(ErrorCode::kInvalidArgument, at, "is not a list");
    for (std::size_t i = 0; i < all->get_array().size(); ++i) {
      const std::string part = below(at, i);
      out = merged(out, flat(all->get_array()[i], part, depth + 1), part, depth + 1);
    }
  }
  return out;
}

json::value SchemaDocument::merged(const json::value& left, const json::value& right,
                                   const std::string& place, int depth) const {
  spend(place, depth);
  if (left.is_bool() && left.get_bool()) return right;
  if (right.is_bool() && right.get_bool()) return left;
  const json::value a = flat(left, place, depth + 1), b = flat(right, place, depth + 1);
  if (is_false(a) || is_false(b)) return false;
  if (a.is_bool()) return b;
  if (b.is_bool()) return a;
  if (!a.is_object() || !b.is_object()) {
    schema_error(ErrorCode::kInvalidArgument, place, "is neither an object nor true or false");
  }
  const json::object &x = a.get_object(), &y = b.get_object();
  json::object out = x;
  for (const auto& member : y) {
    const std::string_view key = member.key();
    const json::value& value = member.value();
    json::value* mine = out.if_contains(key);
    if (mine == nullptr) {
      out[key] = value;
    } else if (*mine == value || is_annotation(key)) {
      continue;
    } else if (key == "type") {
      const std::uint32_t types = named_types(x, place) & named_types(y, place);
      json::array names;
      if (types & kNull) names.emplace_back("null");
      if (types & kBoolean) names.emplace_back("boolean");
      if (types & kNumber)
        names.emplace_back("number");
      else if (types & kInteger)
        names.emplace_back("integer");
      if (types & kString) names.emplace_back("string");
      if (types & kArray) names.emplace_back("array");
      if (types & kObject) names.emplace_back("object");
      if (names.empty()) return false;
      *mine = names;
    } else if (key == "enum" && mine->is_array() && value.is_array()) {
      json::array both;
      for (const json::value& v : mine->get_array()) {
        const json::array& others = value.get_array();
        if (std::find(others.begin(), others.end(), v) != others.end()) both.push_back(v);
      }
      *mine = both;
    } else if (key == "required" && mine->is_array() && value.is_array()) {
      for (const json::value& name : value.get_array()) {
        json::array& names = mine->get_array();
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    } else if (key == "properties" || key == "additionalProperties") {
      continue;  // below
    } else if (key.starts_with("min") || key == "exclusiveMinimum") {
      if (as_double(value) > as_double(*mine)) *mine = value;
    } else if (key.starts_with("max") || key == "exclusiveMaximum") {
      if (as_double(value) < as_double(*mine)) *mine = value;
    } else if (key == "items" && mine->is_object() && value.is_object()) {
      *mine = merged(*mine, value, below(place, key), depth + 1);
    } else {
      schema_error(ErrorCode::kUnsupported, below(place, key),
                   "differs from what it has to hold together with: that is not supported");
    }
  }
  if (x.contains("properties") || y.contains("properties")) {
    json::object members;
    for (const json::object* from : {&x, &y}) {
      const json::object* properties = properties_of(*from);
      if (properties == nullptr) continue;
      for (const auto& member : *properties) {
        if (members.contains(member.key())) continue;
        members[member.key()] =
            merged(member_schema(x, member.key()), member_schema(y, member.key()),
                   below(below(place, "properties"), member.key()), depth + 1);
      }
    }
    out["properties"] = members;
  }
  const json::value *rest = x.if_contains("additionalProperties"),
                    *others = y.if_contains("additionalProperties");
  if (rest != nullptr && others != nullptr) {
    out["additionalProperties"] =
        merged(*rest, *others, below(place, "additionalProperties"), depth + 1);
  }
  return out;
}

bool SchemaDocument::disjoint(const json::value& left, const json::value& right,
                              const std::string& place, int depth) const {
  if (depth > 8) return false;
  spend(place, depth);
  const json::value a = flat(left, place), b = flat(right, place);
  if (is_false(a) || is_false(b)) return true;
  if (!a.is_object() || !b.is_object()) return false;
  const json::object &x = a.get_object(), &y = b.get_object();
  for (const auto& [one, other] : {std::pair(&x, &y), std::pair(&y, &x)}) {  // one by one
    for (const char* choice : {"anyOf", "oneOf"}) {
      const json::value* ways = one->if_contains(choice);
      if (ways == nullptr || !ways->is_array() || ways->get_array().empty()) continue;
      if (std::all_of(
              ways->get_array().begin(), ways->get_array().end(),
              [&](const json::value& way) { return disjoint(way, *other, place, depth + 1); })) {
        return true;
      }
    }
  }
  const auto types_of = [&](const json::object& s) {
    std::uint32_t types = named_types(s, place);
    if (const json::array* values = values_of(s)) {
      std::uint32_t theirs = 0;
      for (const json::value& v : *values) theirs |= type_of(v);
      types &= theirs;
    }
    return types;
  };
  const std::uint32_t common = types_of(x) & types_of(y);
  if (common == 0) return true;
  const json::array *values = values_of(x), *others = values_of(y);
  if (values != nullptr && others != nullptr) {
    return std::none_of(values->begin(), values->end(), [&](const json::value& v) {
      return std::find(others->begin(), others->end(), v) != others->end();
    });
  }
  if ((common & ~(kInteger | kNumber)) == 0) {
    return apart(range_of(x), range_of(y)) || apart(range_of(y), range_of(x));
  }
  if (common != kObject) return false;
  for (const auto& [one, other] : {std::pair(&x, &y), std::pair(&y, &x)}) {
    const json::object* members = properties_of(*one);
    if (members == nullptr) continue;
    for (const auto& member : *members) {
      if (!requires_key(*one, member.key())) continue;
      if (disjoint(member.value(), member_schema(*other, member.key()), place, depth + 1)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace rocmforge::constrain
