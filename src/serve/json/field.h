// A request's body: a value of it knows its place there, so that a client is told what was wrong
// where.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "text/json.h"

namespace rocmforge::serve {

// What a client sent does not do. `param`: the place, "messages[2].content"; empty: all of it.
class BadField : public std::runtime_error {
 public:
  BadField(std::string param, const std::string& message)
      : std::runtime_error(message), param_(std::move(param)) {}
  const std::string& param() const { return param_; }

 private:
  std::string param_;
};

// A value, or where one may be: a member that is not there and one that is null are the same.
class Field {
 public:
  static constexpr std::size_t kMostDepth = 200;

  Field(const boost::json::value* value, std::string path)
      : value_(value), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  bool is_null() const { return value_ == nullptr || value_->is_null(); }
  explicit operator bool() const { return !is_null(); }
  bool is_text() const { return value_ != nullptr && value_->is_string(); }
  bool is_bool() const { return value_ != nullptr && value_->is_bool(); }
  bool is_number() const { return value_ != nullptr && value_->is_number(); }
  bool is_list() const { return value_ != nullptr && value_->is_array(); }
  bool is_object() const { return value_ != nullptr && value_->is_object(); }

  // A member of an object; null of null. BadField for another type.
  Field at(std::string_view name) const;

  // Of what is there; BadField for another type, for a number outside of `least` to `most` and for
  // null. 16.0 is a whole number.
  std::string_view text() const;
  bool flag() const;
  double number(double least, double most) const;
  std::int64_t integer(std::int64_t least, std::int64_t most) const;
  std::vector<Field> items(std::size_t most = SIZE_MAX) const;  // of a list
  struct Member;
  std::vector<Member> members() const;  // of an object, in its order

  // The same of what may be there.
  std::optional<std::string> maybe_text() const;
  bool flag_or(bool other) const { return is_null() ? other : flag(); }
  double number_or(double other, double least, double most) const;
  std::int64_t integer_or(std::int64_t other, std::int64_t least, std::int64_t most) const;

  text::Json json() const;                  // a copy; null of null
  const boost::json::value& value() const;  // null where there is none

  // Throws BadField: "PATH: WHAT".
  [[noreturn]] void bad(const std::string& what) const;

 private:
  [[noreturn]] void is_not(std::string_view type) const;

  const boost::json::value* value_;
  std::string path_;
};
struct Field::Member {
  std::string_view name;
  Field value;
};

// A body, parsed. Its fields refer into it.
class Body {
 public:
  // BadField where it is no object in JSON: with the byte, or saying that it nests too deep.
  explicit Body(std::string_view text);
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  Field root() const { return {&value_, ""}; }
  Field at(std::string_view name) const { return root().at(name); }

 private:
  boost::json::value value_;
};

}  // namespace rocmforge::serve
