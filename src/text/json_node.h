// A value of a JSON document that knows where it stands, for messages.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

class JsonNode {
 public:
  JsonNode(const boost::json::value* value, std::string source, std::string path)
      : value_(value), source_(std::move(source)), path_(std::move(path)) {}

  bool is_null() const { return value_ == nullptr || value_->is_null(); }
  // A null one where there is no such member. kFormat unless this is an object or null.
  JsonNode at(std::string_view key) const;
  // Each throws kFormat for another type; the optional ones give the default for null.
  std::string string() const;
  std::string string_or(std::string_view other) const;
  bool flag_or(bool other) const;
  std::int64_t integer() const;
  std::vector<JsonNode> items() const;  // of an array; null: none
  const boost::json::object& object() const;
  bool is_string() const { return value_ != nullptr && value_->is_string(); }
  bool is_array() const { return value_ != nullptr && value_->is_array(); }
  bool is_object() const { return value_ != nullptr && value_->is_object(); }
  const std::string& source() const { return source_; }

  [[noreturn]] void malformed(const std::string& what) const;
  [[noreturn]] void unsupported(const std::string& what) const;

 private:
  const boost::json::value* value_;
  std::string source_, path_;
};

// Error{kFormat} naming the offset.
boost::json::value parse_json(std::string_view text, const std::string& source);

}  // namespace rocmforge::text
