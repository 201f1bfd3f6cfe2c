#include "text/tools/argument_value.h"

#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "text/json_text.h"

namespace rocmforge::text {
namespace {

using Types = std::set<std::string, std::less<>>;

constexpr int kMaxDepth = 16;  // of anyOf within anyOf

const char* type_of(const Json& value) {
  struct Name {
    const char* operator()(std::nullptr_t) const { return "null"; }
    const char* operator()(bool) const { return "boolean"; }
    const char* operator()(std::int64_t) const { return "integer"; }
    const char* operator()(std::uint64_t) const { return "integer"; }
    const char* operator()(double) const { return "number"; }
    const char* operator()(const std::string&) const { return "string"; }
    const char* operator()(const Json::Array&) const { return "array"; }
    const char* operator()(const Json::Object&) const { return "object"; }
  };
  return std::visit(Name{}, value.value);
}

// Adds what the schema allows; false where it may allow anything.
bool add_types(const Json& schema, Types& out, int depth = 0) {
  if (depth > kMaxDepth) return false;
  if (const Json* type = find_member(schema, "type")) {
    if (const std::string* name = as_string(type)) {
      out.insert(*name);
      return true;
    }
    const auto* names = std::get_if<Json::Array>(&type->value);
    if (names == nullptr) return false;
    for (const Json& item : *names) {
      if (const std::string* name = as_string(&item)) out.insert(*name);
    }
    return !names->empty();
  }
  if (const Json* constant = find_member(schema, "const")) {
    out.insert(type_of(*constant));
    return true;
  }
  for (const char* key : {"enum", "anyOf", "oneOf"}) {
    const Json* member = find_member(schema, key);
    const auto* items = member == nullptr ? nullptr : std::get_if<Json::Array>(&member->value);
    if (items == nullptr) continue;
    for (const Json& item : *items) {
      if (std::string_view(key) == "enum") {
        out.insert(type_of(item));
      } else if (!add_types(item, out, depth + 1)) {
        return false;
      }
    }
    return !items->empty();
  }
  return false;
}

std::optional<Types> types_of(const Json& parameters, std::string_view key) {
  const Json* properties = find_member(parameters, "properties");
  const Json* schema = properties == nullptr ? nullptr : find_member(*properties, key);
  Types types;
  if (schema == nullptr || !add_types(*schema, types)) return std::nullopt;
  return types;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

bool allows(const Types& types, const Json& value) {
  const std::string_view type = type_of(value);
  if (types.contains(type)) return true;
  if (type == "integer") return types.contains("number");
  const auto* number = std::get_if<double>(&value.value);  // 2.0 is an integer, says JSON schema
  return number != nullptr && types.contains("integer") && std::trunc(*number) == *number;
}

}  // namespace

bool is_string_only(const Json& parameters, std::string_view key) {
  const auto types = types_of(parameters, key);
  return types && *types == Types{"string"};
}

std::string argument_json(const Json& parameters, std::string_view key, std::string_view text) {
  const auto types = types_of(parameters, key);
  if (types && *types == Types{"string"}) return quote_json(text);
  std::string_view json = trim(text);
  if (json == "True") json = "true";
  if (json == "False") json = "false";
  if (json == "None") json = "null";
  try {
    const Json value = read_json(json, "");
    // Of a string that may also be something else, quotes are part of the text.
    const bool fits = types ? allows(*types, value) && as_string(&value) == nullptr : true;
    if (fits) return std::string(json);
  } catch (const Error&) {
    // It is a text, then.
  }
  return quote_json(text);
}

}  // namespace rocmforge::text
