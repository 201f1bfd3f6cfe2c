// What can be called, and the state of a loop.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace rocmforge::text::jinja {

class Interpreter;
struct Statement;
struct Scope;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Arguments by the names of a function's parameters; fails when they do not fit. The first
// `required` must be given.
class Bound {
 public:
  Bound(std::string_view function, const Arguments& arguments,
        std::initializer_list<std::string_view> names, std::size_t required = 0);
  bool has(std::size_t i) const { return values_[i] != nullptr; }
  const Value& at(std::size_t i) const { return *values_[i]; }
  Value get(std::size_t i, Value otherwise) const { return has(i) ? at(i) : otherwise; }
  bool flag(std::size_t i, bool otherwise) const;
  // An int within 64 bits.
  std::int64_t index(std::size_t i, std::int64_t otherwise) const;
  // None counts as not given.
  bool given(std::size_t i) const { return has(i) && !at(i).is_none(); }
  // The text of a string; fails on others.
  const std::string& text(std::size_t i) const;

 private:
  std::string function_;
  std::vector<const Value*> values_;
};

struct Function : Object {
  Function(std::size_t bytes, std::string n, const char* t)
      : Object(bytes), name(std::move(n)), type(t) {}
  virtual Value call(Interpreter& interpreter, const Arguments& arguments) const = 0;
  std::string name;
  const char* type;  // type(f).__name__
  int depth = 0;     // of the values that it holds
};

// Filters, methods and global functions: `self` is what they are applied to.
using Builtin = Value (*)(Interpreter&, const Value& self, const Arguments&);
using Test = bool (*)(Interpreter&, const Value& self, const Arguments&);

struct BuiltinFunction final : Function {
  BuiltinFunction(std::string n, Builtin f, Value s = {}, const char* t = "function");
  Value call(Interpreter& interpreter, const Arguments& arguments) const override {
    return function(interpreter, self, arguments);
  }
  Builtin function;
  Value self;
};

Value bound_method(std::string name, Builtin function, Value self);

// Null when there is none of that name.
Builtin find_filter(std::string_view name);
Test find_test(std::string_view name);
Builtin find_string_method(std::string_view name);
// An undefined value that says why, for attributes that would change a value or that are private.
std::optional<Value> attribute(const Value& obj, const std::string& name);
// obj.name and obj[key] as jinja resolves them; undefined when there is neither.
Value get_attribute(const Value& obj, const std::string& name);
Value get_item(const Value& obj, const Value& key);
// The names that every template has; undefined when it is none of them.
std::optional<Value> find_global(std::string_view name);

std::string to_json(const Value& v, const Arguments& arguments);  // the arguments of tojson
// format % argument, and format.format(...).
std::string format_percent(const std::string& format, const Value& argument);
std::string format_braces(const std::string& format, const Arguments& arguments);

struct LoopObject final : Object {
  LoopObject(std::vector<Value> v, std::size_t depth_before);
  void cut() override { changed_value = {}; }
  std::vector<Value> rest();  // what is still to come; the loop ends then
  std::vector<Value> items;
  std::size_t index0 = 0;
  std::size_t depth0;
  int value_depth;
  // loop(...) of a recursive one: renders its body over other items.
  std::function<std::string(const Value&, std::size_t depth0)> recurse;
  bool has_changed_value = false;
  Value changed_value;  // a tuple: the arguments of changed() before
};

}  // namespace rocmforge::text::jinja
