#include "text/jinja/function.h"

#include <algorithm>

#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {

Bound::Bound(std::string_view function, const Arguments& arguments,
             std::initializer_list<std::string_view> names, std::size_t required)
    : function_(function), values_(names.size(), nullptr) {
  if (arguments.positional.size() > names.size()) {
    fail(function_ + "() takes at most " + std::to_string(names.size()) + " argument(s), " +
         std::to_string(arguments.positional.size()) + " given");
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    values_[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.named) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) {
      fail(function_ + "() got an unexpected keyword argument " + repr_text(name));
    }
    const auto i = static_cast<std::size_t>(it - names.begin());
    if (values_[i] != nullptr) {
      fail(function_ + "() got multiple values for argument " + repr_text(name));
    }
    values_[i] = &value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) {
      fail(function_ + "() is missing its argument " + repr_text(names.begin()[i]));
    }
  }
}

bool Bound::flag(std::size_t i, bool otherwise) const {
  return has(i) ? truthy(at(i)) : otherwise;
}

std::int64_t Bound::index(std::size_t i, std::int64_t otherwise) const {
  return has(i) ? need_index(at(i), function_ + "()") : otherwise;
}

const std::string& Bound::text(std::size_t i) const {
  if (!at(i).is_string()) {
    need_defined(at(i));
    fail(function_ + "() takes a str, not " + type_name(at(i)));
  }
  return at(i).str();
}

BuiltinFunction::BuiltinFunction(std::string n, Builtin f, Value s, const char* t)
    : Function(sizeof(*this), std::move(n), t), function(f), self(std::move(s)) {
  depth = depth_of(self) + 1;
  if (depth > kMaxValueDepth)
    fail("values nest deeper than " + std::to_string(kMaxValueDepth) + " levels");
}

Value bound_method(std::string name, Builtin function, Value self) {
  return Value::object(Kind::kFunction,
                       std::make_shared<BuiltinFunction>(std::move(name), function, std::move(self),
                                                         "builtin_function_or_method"));
}

LoopObject::LoopObject(std::vector<Value> v, std::size_t depth_before)
    : Object(sizeof(*this) + v.capacity() * sizeof(Value)),
      items(std::move(v)),
      depth0(depth_before),
      value_depth(1) {
  for (const Value& item : items) value_depth = std::max(value_depth, depth_of(item) + 1);
  if (value_depth > kMaxValueDepth) {
    fail("values nest deeper than " + std::to_string(kMaxValueDepth) + " levels");
  }
}

std::vector<Value> LoopObject::rest() {
  std::vector<Value> out;
  for (std::size_t i = index0 + 1; i < items.size(); ++i) out.push_back(items[i]);
  if (!items.empty()) index0 = items.size() - 1;
  return out;
}

}  // namespace rocmforge::text::jinja
