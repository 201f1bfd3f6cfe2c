#include "text/tools/schema.h"

#include <utility>

#include "base/check.h"
#include "text/json_text.h"

namespace rocmforge::text {
namespace {

using Object = Json::Object;
using Array = Json::Array;

// "#" and "#/..." of $ref, as seen from `root`.
void move_references(Json& schema, const std::string& root, int depth = 0) {
  if (depth > 64) return;  // deeper than JSON may be read
  if (auto* items = std::get_if<Array>(&schema.value)) {
    for (Json& item : *items) move_references(item, root, depth + 1);
  }
  auto* members = std::get_if<Object>(&schema.value);
  if (members == nullptr) return;
  for (auto& [key, value] : *members) {
    auto* text = std::get_if<std::string>(&value.value);
    if (key == "$ref" && text != nullptr && text->starts_with('#')) {
      *text = root + text->substr(1);
    } else {
      move_references(value, root, depth + 1);
    }
  }
}

Json closed(Object properties) {
  Array required;
  for (const auto& [name, schema] : properties) required.emplace_back(name);
  return Object{{"type", "object"},
                {"properties", std::move(properties)},
                {"required", std::move(required)},
                {"additionalProperties", false}};
}

}  // namespace

std::string call_schema(const std::vector<Tool>& tools, const CallSchemaOptions& options) {
  Array calls;
  for (const Tool& tool : tools) {
    if (!options.only.empty() && tool.name != options.only) continue;
    Json parameters = tool.parameters;
    if (find_member(parameters, "type") == nullptr && find_member(parameters, "$ref") == nullptr) {
      parameters = Object{{"type", "object"}};
    }
    const std::string calls_at = options.required ? "#" : "#/anyOf/0";
    std::string root = calls_at + "/properties/tool_calls/items/anyOf/";
    root += std::to_string(calls.size());
    root += "/properties/arguments";
    move_references(parameters, root);
    calls.push_back(closed({{"name", Object{{"const", tool.name}}}, {"arguments", parameters}}));
  }
  check(!calls.empty(), "an answer held to calls has a tool to call");
  Object list = {
      {"type", "array"}, {"minItems", 1}, {"items", Object{{"anyOf", std::move(calls)}}}};
  if (!options.parallel || !options.only.empty()) {
    list.emplace_back("maxItems", 1);
  } else if (options.most > 0) {
    list.emplace_back("maxItems", options.most);
  }
  Json calling = closed({{"tool_calls", std::move(list)}});
  if (options.required) return write_json(calling);
  return write_json(Object{
      {"anyOf", Array{std::move(calling), closed({{"content", Object{{"type", "string"}}}})}}});
}

}  // namespace rocmforge::text
