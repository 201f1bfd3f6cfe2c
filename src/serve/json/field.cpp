#include "serve/json/field.h"

#include <fmt/format.h>

#include <cmath>

namespace rocmforge::serve {
namespace {

namespace json = boost::json;

std::string_view type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

text::Json copy(const json::value& value) {
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
      return std::string(std::string_view(value.get_string()));
    case json::kind::array: {
      text::Json::Array out;
      out.reserve(value.get_array().size());
      for (const json::value& item : value.get_array()) out.push_back(copy(item));
      return out;
    }
    case json::kind::object: {
      text::Json::Object out;
      out.reserve(value.get_object().size());
      for (const auto& [key, item] : value.get_object()) {
        out.emplace_back(std::string(std::string_view(key)), copy(item));
      }
      return out;
    }
  }
  return nullptr;
}

}  // namespace

void Field::bad(const std::string& what) const {
  throw BadField(path_, path_.empty() ? "the body: " + what : path_ + ": " + what);
}

void Field::is_not(std::string_view type) const {
  if (is_null()) bad(fmt::format("missing: {} is needed", type));
  bad(fmt::format("is {}, not {}", type_of(*value_), type));
}

Field Field::at(std::string_view name) const {
  std::string path = path_;
  if (!path.empty()) path += '.';
  path += name;
  if (is_null()) return {nullptr, std::move(path)};
  if (!value_->is_object()) is_not("an object");
  return {value_->get_object().if_contains(name), std::move(path)};
}

std::string_view Field::text() const {
  if (!is_text()) is_not("a string");
  return value_->get_string();
}

bool Field::flag() const {
  if (!is_bool()) is_not("true or false");
  return value_->get_bool();
}

double Field::number(double least, double most) const {
  if (!is_number()) is_not("a number");
  const double out = value_->to_number<double>();
  if (!(out >= least && out <= most)) {
    bad(fmt::format("{} is not in the range from {} to {}", out, least, most));
  }
  return out;
}

std::int64_t Field::integer(std::int64_t least, std::int64_t most) const {
  if (!is_number()) is_not("a whole number");
  const auto outside = [&] {
    bad(fmt::format("{} is not in the range from {} to {}", json::serialize(*value_), least, most));
  };
  if (value_->is_uint64()) outside();  // Boost.JSON takes it so where an int64_t has no room
  std::int64_t out = 0;
  if (value_->is_double()) {
    const double number = value_->get_double();
    if (std::trunc(number) != number) is_not("a whole number");
    if (!(std::abs(number) < 0x1p62)) outside();
    out = static_cast<std::int64_t>(number);
  } else {
    out = value_->get_int64();
  }
  if (out < least || out > most) outside();
  return out;
}

std::vector<Field> Field::items(std::size_t most) const {
  if (!is_list()) is_not("an array");
  const json::array& list = value_->get_array();
  if (list.size() > most) {
    bad(fmt::format("has {} items, more than the {} that are allowed", list.size(), most));
  }
  std::vector<Field> out;
  out.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.emplace_back(&list[i], fmt::format("{}[{}]", path_, i));
  }
  return out;
}

std::vector<Field::Member> Field::members() const {
  if (!is_object()) is_not("an object");
  std::vector<Member> out;
  for (const auto& [key, value] : value_->get_object()) {
    const std::string_view name = key;
    out.push_back({name, at(name)});
  }
  return out;
}

std::optional<std::string> Field::maybe_text() const {
  if (is_null()) return std::nullopt;
  return std::string(text());
}

double Field::number_or(double other, double least, double most) const {
  return is_null() ? other : number(least, most);
}

std::int64_t Field::integer_or(std::int64_t other, std::int64_t least, std::int64_t most) const {
  return is_null() ? other : integer(least, most);
}

text::Json Field::json() const {
  return is_null() ? text::Json() : copy(*value_);
}

const json::value& Field::value() const {
  static const json::value kNull;
  return value_ == nullptr ? kNull : *value_;
}

Body::Body(std::string_view text) {
  json::stream_parser parser({}, {.max_depth = Field::kMostDepth});
  json::error_code error;
  const std::size_t n = parser.write_some(text.data(), text.size(), error);
  if (!error && n < text.size()) error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (error == json::error::too_deep) {
    throw BadField("", fmt::format("the body nests deeper than {} levels", Field::kMostDepth));
  }
  if (error) {
    throw BadField("", fmt::format("the body is not JSON: byte {}: {}", n, error.message()));
  }
  value_ = parser.release();
  if (!value_.is_object()) {
    throw BadField("", fmt::format("the body is {}, not an object", type_of(value_)));
  }
}

}  // namespace rocmforge::serve
