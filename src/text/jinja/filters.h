// The tables of filters, by what they work on.
#pragma once

#include <span>
#include <string_view>

#include "text/jinja/function.h"

namespace rocmforge::text::jinja {

struct NamedFilter {
  std::string_view name;
  Builtin function;
};

std::span<const NamedFilter> text_filters();
std::span<const NamedFilter> sequence_filters();
std::span<const NamedFilter> selecting_filters();
std::span<const NamedFilter> value_filters();

// The way to a part of a value that `attribute` names: "a.0.b", a number, or none.
class AttributePath {
 public:
  explicit AttributePath(const Value& attribute);
  // Where a part is undefined it goes on with `otherwise`, if that is given.
  Value of(Value v, const Value* otherwise = nullptr) const;

 private:
  std::vector<Value> parts_;
};

// What sorting and comparing look at: strings in lower case, unless cases are told apart.
Value sort_key(const Value& v, bool case_sensitive);

}  // namespace rocmforge::text::jinja
