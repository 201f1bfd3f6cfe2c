#include "cli/json.h"

#include <cmath>

#include "base/error.h"
#include "base/mapped_file.h"

namespace rocmforge::cli {
namespace json = boost::json;

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& where, const std::string& why) {
  throw Error(ErrorCode::kFormat, "[golden] " + path + ": " + where + ": " + why);
}

const json::array& array_at(const json::value& in, std::string_view key, const std::string& path,
                            const std::string& where) {
  const json::object* object = in.if_object();
  const json::value* member =
      object != nullptr ? object->if_contains(json::string_view(key.data(), key.size())) : nullptr;
  if (member == nullptr || !member->is_array()) {
    fail(path, where, "\"" + std::string(key) + "\" is missing or no array");
  }
  return member->get_array();
}

text::TokenId token(const json::value& in, const std::string& path, const std::string& where) {
  const std::int64_t* id = in.if_int64();
  if (id == nullptr || *id < 0 || *id > INT32_MAX) fail(path, where, "a token id is no id");
  return static_cast<text::TokenId>(*id);
}

engine::GoldenStep read_step(const json::value& in, const std::string& path,
                             const std::string& where) {
  engine::GoldenStep step;
  const json::array& top = array_at(in, "top", path, where);
  const json::value* id = in.as_object().if_contains("id");
  if (id == nullptr) fail(path, where, "\"id\" is missing");
  step.id = token(*id, path, where);
  for (const json::value& pair : top) {
    if (!pair.is_array() || pair.get_array().size() != 2 || !pair.get_array()[1].is_number()) {
      fail(path, where, "\"top\" must hold pairs of a token id and a log-probability");
    }
    step.top_ids.push_back(token(pair.get_array()[0], path, where));
    step.top_logprobs.push_back(pair.get_array()[1].to_number<double>());
    if (!std::isfinite(step.top_logprobs.back()))
      fail(path, where, "a log-probability is no number");
  }
  if (step.top_ids.empty()) fail(path, where, "\"top\" is empty");
  return step;
}

text::Json from_boost(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return nullptr;
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
      return value.get_int64();
    case json::kind::uint64:
      return value.get_uint64();
    case json::kind::double_:
      return value.get_double();
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::array: {
      text::Json::Array out;
      for (const json::value& item : value.get_array()) out.push_back(from_boost(item));
      return out;
    }
    case json::kind::object: {
      text::Json::Object out;
      for (const auto& [key, member] : value.get_object()) {
        out.emplace_back(std::string(key), from_boost(member));
      }
      return out;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<text::Json> parse_json(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return std::nullopt;
  return from_boost(value);
}

json::value to_boost(const text::Json& value) {
  struct Convert {
    json::value operator()(const text::Json::Array& items) const {
      json::array out;
      for (const text::Json& item : items) out.push_back(to_boost(item));
      return out;
    }
    json::value operator()(const text::Json::Object& members) const {
      json::object out;
      for (const auto& [key, member] : members) out[key] = to_boost(member);
      return out;
    }
    json::value operator()(const std::string& s) const { return json::string(s); }
    json::value operator()(std::nullptr_t) const { return nullptr; }
    json::value operator()(bool b) const { return b; }
    json::value operator()(std::int64_t i) const { return i; }
    json::value operator()(std::uint64_t i) const { return i; }
    json::value operator()(double d) const { return d; }
  };
  return std::visit(Convert{}, value.value);
}

std::string to_json_string(std::string_view text) {
  return json::serialize(json::string(text.data(), text.size()));
}

json::value read_json(const std::string& path) {
  const MappedFile file(path);
  const auto* text = reinterpret_cast<const char*>(file.bytes().data());
  json::stream_parser parser;
  json::error_code error;
  const std::size_t end = parser.write_some(text, file.bytes().size(), error);
  const std::string_view after = std::string_view(text, file.bytes().size()).substr(end);
  if (!error && !parser.done()) error = json::error::incomplete;
  if (!error && after.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    error = json::error::extra_data;
  }
  if (error) {
    throw Error(ErrorCode::kFormat,
                "[json] " + path + ": byte offset " + std::to_string(end) + ": " + error.message());
  }
  return parser.release();
}

engine::Golden read_golden(const std::string& path) {
  const json::value root = read_json(path);
  if (!root.is_array()) fail(path, "the file", "is no array of prompts");
  engine::Golden out;
  for (const json::value& in : root.get_array()) {
    const std::string where = "prompt " + std::to_string(out.size());
    engine::GoldenPrompt prompt;
    for (const json::value& id : array_at(in, "prompt", path, where)) {
      prompt.prompt.push_back(token(id, path, where));
    }
    for (const json::value& step : array_at(in, "steps", path, where)) {
      prompt.steps.push_back(
          read_step(step, path, where + ", step " + std::to_string(prompt.steps.size())));
    }
    if (prompt.prompt.empty()) fail(path, where, "\"prompt\" is empty");
    if (prompt.steps.empty()) fail(path, where, "\"steps\" is empty");
    out.push_back(std::move(prompt));
  }
  if (out.empty()) fail(path, "the file", "holds no prompt");
  return out;
}

}  // namespace rocmforge::cli
