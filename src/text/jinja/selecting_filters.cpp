// map, select, reject and their forms for attributes: filters that apply filters and tests.
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {
namespace {

Arguments without_first(const Arguments& arguments, std::size_t n) {
  Arguments out;
  out.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(n),
                        arguments.positional.end());
  out.named = arguments.named;
  return out;
}

Value map_attribute(const Value& v, const Arguments& arguments) {
  const Bound bound("map", arguments, {"attribute", "default"}, 1);
  const AttributePath path(bound.at(0));
  const Value* otherwise = bound.given(1) ? &bound.at(1) : nullptr;
  std::vector<Value> out;
  for (const Value& item : iterate(v)) out.push_back(path.of(item, otherwise));
  return Value::iterator(std::move(out));
}

Value map_of(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  if (!truthy(v)) return Value::iterator({});
  const auto& named = arguments.named;
  const bool by_attribute =
      arguments.positional.empty() &&
      std::any_of(named.begin(), named.end(), [](const auto& n) { return n.first == "attribute"; });
  if (by_attribute) return map_attribute(v, arguments);
  if (arguments.positional.empty()) fail("map requires a filter argument");
  const std::string name = to_str(arguments.positional[0]);
  const Builtin filter = find_filter(name);
  if (filter == nullptr) fail("No filter named " + repr_text(name) + ".");
  const Arguments rest = without_first(arguments, 1);
  std::vector<Value> out;
  for (const Value& item : iterate(v)) {
    charge_steps(1);
    out.push_back(filter(interpreter, item, rest));
  }
  return Value::iterator(std::move(out));
}

// Keeps the items whose test gives kKeep; without the name of a test, whether they are true.
template <bool kKeep, bool kByAttribute>
Value selected(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  if (!truthy(v)) return Value::iterator({});
  std::size_t used = 0;
  AttributePath path(Value::none());
  if (kByAttribute) {
    if (arguments.positional.empty()) fail("Missing parameter for attribute name");
    path = AttributePath(arguments.positional[used++]);
  }
  Test test = nullptr;
  Arguments rest;
  if (arguments.positional.size() > used) {
    const std::string name = to_str(arguments.positional[used++]);
    test = find_test(name);
    if (test == nullptr) fail("No test named " + repr_text(name) + ".");
    rest = without_first(arguments, used);
  }
  std::vector<Value> out;
  for (Value& item : iterate(v)) {
    charge_steps(1);
    const Value part = path.of(item);
    const bool holds = test != nullptr ? test(interpreter, part, rest) : truthy(part);
    if (holds == kKeep) out.push_back(std::move(item));
  }
  return Value::iterator(std::move(out));
}

constexpr NamedFilter kFilters[] = {
    {"map", map_of},
    {"select", selected<true, false>},
    {"reject", selected<false, false>},
    {"selectattr", selected<true, true>},
    {"rejectattr", selected<false, true>},
};

}  // namespace

std::span<const NamedFilter> selecting_filters() {
  return kFilters;
}

}  // namespace rocmforge::text::jinja
