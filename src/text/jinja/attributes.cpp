// obj.name and obj[key], and the methods of what is no string.
#include <algorithm>
#include <array>

#include "text/jinja/function.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {
namespace {

struct Method {
  std::string_view name;
  Builtin function;
};

template <std::size_t N>
Builtin find(const std::array<Method, N>& methods, std::string_view name) {
  for (const Method& m : methods) {
    if (m.name == name) return m.function;
  }
  return nullptr;
}

Value view(const Value& dict, ViewObject::Part part) {
  return Value::object(Kind::kView, std::make_shared<ViewObject>(dict, part));
}

Value dict_get(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("get", arguments, {"key", "default"}, 1);
  const Value* found = self.entries().find(bound.at(0));
  return found != nullptr ? *found : bound.get(1, Value::none());
}

constexpr std::array kDictMethods = {
    Method{"get", dict_get},
    Method{"items",
           [](Interpreter&, const Value& self, const Arguments& arguments) {
             const Bound bound("items", arguments, {});
             return view(self, ViewObject::Part::kItems);
           }},
    Method{"keys",
           [](Interpreter&, const Value& self, const Arguments& arguments) {
             const Bound bound("keys", arguments, {});
             return view(self, ViewObject::Part::kKeys);
           }},
    Method{"values",
           [](Interpreter&, const Value& self, const Arguments& arguments) {
             const Bound bound("values", arguments, {});
             return view(self, ViewObject::Part::kValues);
           }},
    Method{"copy",
           [](Interpreter&, const Value& self, const Arguments& arguments) {
             const Bound bound("copy", arguments, {});
             return Value::dict(self.entries());
           }},
};

Value list_index(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("index", arguments, {"value", "start", "stop"}, 1);
  const std::vector<Value> items = iterate(self);
  const auto size = static_cast<std::int64_t>(items.size());
  const auto from_end = [&](std::int64_t i) {
    return i < 0 ? std::max<std::int64_t>(0, i + size) : i;
  };
  const std::int64_t stop = std::min(size, from_end(bound.index(2, size)));
  for (std::int64_t i = from_end(bound.index(1, 0)); i < stop; ++i) {
    if (equal(items[static_cast<std::size_t>(i)], bound.at(0))) return Value::integer(i);
  }
  fail(repr(bound.at(0)) + " is not in " + type_name(self));
}

Value list_count(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"value"}, 1);
  const std::vector<Value> items = iterate(self);
  const auto n = std::count_if(items.begin(), items.end(),
                               [&](const Value& v) { return equal(v, bound.at(0)); });
  return Value::integer(n);
}

constexpr std::array kTupleMethods = {Method{"index", list_index}, Method{"count", list_count}};
constexpr std::array kListMethods = {
    Method{"index", list_index}, Method{"count", list_count},
    Method{"copy", [](Interpreter&, const Value& self, const Arguments& arguments) {
             const Bound bound("copy", arguments, {});
             return Value::list(self.items());
           }}};

Value loop_cycle(Interpreter&, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) fail("no items for cycling given");
  return arguments.positional[self.as<LoopObject>().index0 % arguments.positional.size()];
}

Value loop_changed(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  auto& loop = self.as<LoopObject>();
  const Value now = Value::tuple(arguments.positional);
  if (loop.has_changed_value && equal(loop.changed_value, now)) return Value::boolean(false);
  if (!std::exchange(loop.has_changed_value, true)) interpreter.keep(self.shared());
  loop.changed_value = now;
  return Value::boolean(true);
}

constexpr std::array kLoopMethods = {Method{"cycle", loop_cycle}, Method{"changed", loop_changed}};

constexpr std::array kCyclerMethods = {
    Method{"next",
           [](Interpreter&, const Value& self, const Arguments& arguments) {
             const Bound bound("next", arguments, {});
             auto& cycler = self.as<CyclerObject>();
             const std::vector<Value>& items = cycler.items.items();
             const std::size_t at = std::exchange(cycler.pos, (cycler.pos + 1) % items.size());
             return items[at];
           }},
    Method{"reset",
           [](Interpreter&, const Value& self, const Arguments& arguments) {
             const Bound bound("reset", arguments, {});
             self.as<CyclerObject>().pos = 0;
             return Value::none();
           }},
};

constexpr std::array<std::string_view, 9> kListChanges = {
    "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove", "__setitem__"};
constexpr std::array<std::string_view, 5> kDictChanges = {"clear", "pop", "popitem", "setdefault",
                                                          "update"};

template <std::size_t N>
bool has(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value integer(std::size_t n) {
  return Value::integer(static_cast<Int>(n));
}

std::optional<Value> loop_attribute(const LoopObject& loop, std::string_view name) {
  const std::size_t i = loop.index0, n = loop.items.size();
  if (name == "index") return integer(i + 1);
  if (name == "index0") return integer(i);
  if (name == "revindex") return integer(n - i);
  if (name == "revindex0") return integer(n - i - 1);
  if (name == "first") return Value::boolean(i == 0);
  if (name == "last") return Value::boolean(i + 1 == n);
  if (name == "length") return integer(n);
  if (name == "depth") return integer(loop.depth0 + 1);
  if (name == "depth0") return integer(loop.depth0);
  if (name == "previtem") {
    return i == 0 ? Value::undefined("there is no previous item") : loop.items[i - 1];
  }
  if (name == "nextitem") {
    return i + 1 >= n ? Value::undefined("there is no next item") : loop.items[i + 1];
  }
  return std::nullopt;
}

std::optional<Value> range_attribute(const RangeObject& range, std::string_view name) {
  if (name == "start") return Value::integer(range.start);
  if (name == "stop") return Value::integer(range.stop);
  if (name == "step") return Value::integer(range.step);
  return std::nullopt;
}

std::optional<Value> macro_attribute(const Value& v, std::string_view name) {
  const auto* macro = dynamic_cast<const MacroFunction*>(&v.as<Function>());
  if (macro == nullptr) return std::nullopt;
  const Signature& signature = macro->statement.signature;
  if (name == "name") return Value::string(macro->name);
  if (name == "catch_kwargs") return Value::boolean(signature.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(signature.uses_varargs);
  if (name == "caller") return Value::boolean(signature.uses_caller);
  if (name != "arguments") return std::nullopt;
  std::vector<Value> names;
  for (const std::string& n : signature.names) names.push_back(Value::string(n));
  return Value::tuple(std::move(names));
}

Builtin find_method(const Value& obj, std::string_view name) {
  switch (obj.kind()) {
    case Kind::kString:
      return find_string_method(name);
    case Kind::kDict:
      return find(kDictMethods, name);
    case Kind::kList:
      return find(kListMethods, name);
    case Kind::kTuple:
    case Kind::kRange:
      return find(kTupleMethods, name);
    case Kind::kLoop:
      return find(kLoopMethods, name);
    case Kind::kCycler:
      return find(kCyclerMethods, name);
    default:
      return nullptr;
  }
}

std::optional<Value> plain_attribute(const Value& obj, const std::string& name) {
  switch (obj.kind()) {
    case Kind::kLoop:
      return loop_attribute(obj.as<LoopObject>(), name);
    case Kind::kRange:
      return range_attribute(obj.as<RangeObject>(), name);
    case Kind::kFunction:
      return macro_attribute(obj, name);
    case Kind::kNamespace: {
      const Value* found = obj.as<NamespaceObject>().attributes.find(std::string_view(name));
      return found == nullptr ? std::nullopt : std::optional(*found);
    }
    case Kind::kCycler: {
      const auto& cycler = obj.as<CyclerObject>();
      if (name == "current") return cycler.items.items()[cycler.pos];
      return name == "items" ? std::optional(cycler.items) : std::nullopt;
    }
    case Kind::kTuple:
      if (!obj.as<ListObject>().is_group) return std::nullopt;
      if (name == "grouper") return obj.items()[0];
      return name == "list" ? std::optional(obj.items()[1]) : std::nullopt;
    default:
      return std::nullopt;
  }
}

bool is_unsafe(const Value& obj, const std::string& name) {
  if (obj.is(Kind::kList) && has(kListChanges, name)) return true;
  if (obj.is(Kind::kDict) && has(kDictChanges, name)) return true;
  // What python keeps for itself; every object has some.
  return !obj.is(Kind::kNamespace) && name.size() > 4 && name.starts_with("__") &&
         name.ends_with("__");
}

std::string described(const Value& obj) {
  if (obj.is_none()) return "None";
  return obj.is(Kind::kNamespace) ? "jinja2.utils.Namespace object" : type_name(obj) + " object";
}

}  // namespace

std::optional<Value> attribute(const Value& obj, const std::string& name) {
  if (std::optional<Value> found = plain_attribute(obj, name)) return found;
  if (const Builtin method = find_method(obj, name)) return bound_method(name, method, obj);
  if (is_unsafe(obj, name)) {
    return Value::undefined("access to attribute " + repr_text(name) + " of " +
                            repr_text(type_name(obj)) + " object is unsafe.");
  }
  return std::nullopt;
}

Value get_attribute(const Value& obj, const std::string& name) {
  need_defined(obj);
  if (std::optional<Value> found = attribute(obj, name)) return *found;
  if (obj.is(Kind::kDict)) {
    if (const Value* found = obj.entries().find(std::string_view(name))) return *found;
  }
  return Value::undefined(repr_text(described(obj)) + " has no attribute " + repr_text(name));
}

Value get_item(const Value& obj, const Value& key) {
  need_defined(obj);
  if (std::optional<Value> found = element(obj, key)) return *found;
  if (!key.is_string()) return Value::undefined(described(obj) + " has no element " + repr(key));
  if (std::optional<Value> found = attribute(obj, key.str())) return *found;
  return Value::undefined(repr_text(described(obj)) + " has no attribute " + repr_text(key.str()));
}

}  // namespace rocmforge::text::jinja
