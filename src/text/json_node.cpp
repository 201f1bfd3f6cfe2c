#include "text/json_node.h"

#include <boost/json/src.hpp>

#include "base/error.h"

namespace rocmforge::text {

void JsonNode::malformed(const std::string& what) const {
  throw Error(ErrorCode::kFormat, "[text] " + source_ + ": " + path_ + ": " + what);
}

void JsonNode::unsupported(const std::string& what) const {
  throw Error(ErrorCode::kUnsupported,
              "[text] " + source_ + ": " + path_ + ": " + what + " is not supported");
}

JsonNode JsonNode::at(std::string_view key) const {
  const std::string path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  if (is_null()) return {nullptr, source_, path};
  return {object().if_contains(key), source_, path};
}

const boost::json::object& JsonNode::object() const {
  if (!is_object()) malformed(is_null() ? "missing" : "is not an object");
  return value_->get_object();
}

std::string JsonNode::string() const {
  if (!is_string()) malformed(is_null() ? "missing" : "is not a string");
  return std::string(std::string_view(value_->get_string()));
}

std::string JsonNode::string_or(std::string_view other) const {
  return is_null() ? std::string(other) : string();
}

bool JsonNode::flag_or(bool other) const {
  if (is_null()) return other;
  if (!value_->is_bool()) malformed("is neither true nor false");
  return value_->get_bool();
}

std::int64_t JsonNode::integer() const {
  if (value_ == nullptr || !value_->is_int64()) malformed("is not a whole number");
  return value_->get_int64();
}

std::vector<JsonNode> JsonNode::items() const {
  std::vector<JsonNode> out;
  if (is_null()) return out;
  if (!is_array()) malformed("is not an array");
  const boost::json::array& array = value_->get_array();
  out.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i)
    out.emplace_back(&array[i], source_, path_ + "[" + std::to_string(i) + "]");
  return out;
}

boost::json::value parse_json(std::string_view text, const std::string& source) {
  boost::json::stream_parser parser({}, {.max_depth = 64});
  boost::json::error_code error;
  const std::size_t n = parser.write_some(text.data(), text.size(), error);
  if (!error && n < text.size()) error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (error)
    throw Error(ErrorCode::kFormat, "[text] " + source + ": byte " + std::to_string(n) +
                                        ": is not JSON: " + error.message());
  return parser.release();
}

}  // namespace rocmforge::text
