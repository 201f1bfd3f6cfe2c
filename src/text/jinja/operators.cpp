#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/jinja/function.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

bool equal_items(const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal(a[i], b[i])) return false;
  }
  return true;
}

bool equal_dicts(const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.find(key);
    if (other == nullptr || !equal(value, *other)) return false;
  }
  return true;
}

bool equal_numbers(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.as_int() == b.as_int();
  return a.as_double() == b.as_double();
}

std::vector<Value> range_items(const RangeObject& range) {
  const auto n = static_cast<std::size_t>(range.size());
  charge_steps(n);
  std::vector<Value> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(Value::integer(range.start + static_cast<Int>(i) * range.step));
  }
  return out;
}

std::string_view symbol(CompareOp op) {
  switch (op) {
    case CompareOp::kLt:
      return "<";
    case CompareOp::kLe:
      return "<=";
    case CompareOp::kGt:
      return ">";
    case CompareOp::kGe:
      return ">=";
    default:
      return "==";
  }
}

template <typename T>
bool ordered(CompareOp op, const T& a, const T& b) {
  switch (op) {
    case CompareOp::kLt:
      return a < b;
    case CompareOp::kLe:
      return a <= b;
    case CompareOp::kGt:
      return a > b;
    default:
      return a >= b;
  }
}

bool order_items(CompareOp op, const std::vector<Value>& a, const std::vector<Value>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!equal(a[i], b[i])) return compare(op, a[i], b[i]);
  }
  return ordered(op, a.size(), b.size());
}

bool order(CompareOp op, const Value& a, const Value& b) {
  need_defined(a);
  need_defined(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_integer() && b.is_integer()) return ordered(op, a.as_int(), b.as_int());
    return ordered(op, a.as_double(), b.as_double());
  }
  // The order of UTF-8 is that of its code points.
  if (a.is_string() && b.is_string()) return ordered(op, a.str(), b.str());
  if (a.is_sequence() && b.kind() == a.kind()) return order_items(op, a.items(), b.items());
  fail("'" + std::string(symbol(op)) + "' not supported between instances of '" + type_name(a) +
       "' and '" + type_name(b) + "'");
}

// Where `index` points among `size` elements; nothing outside of them.
std::optional<std::size_t> place(const Value& index, std::size_t size) {
  if (!index.is_integer()) return std::nullopt;
  Int i = index.as_int();
  if (i < 0) i += static_cast<Int>(size);
  if (i < 0 || i >= static_cast<Int>(size)) return std::nullopt;
  return static_cast<std::size_t>(i);
}

bool is_hashable(const Value& v) {
  if (v.is(Kind::kTuple)) {
    return std::all_of(v.items().begin(), v.items().end(), is_hashable);
  }
  return !v.is(Kind::kList) && !v.is(Kind::kDict);
}

}  // namespace

int depth_of(const Value& v) {
  switch (v.kind()) {
    case Kind::kList:
    case Kind::kTuple:
      return v.as<ListObject>().depth;
    case Kind::kDict:
      return v.as<DictObject>().depth;
    case Kind::kIterator:
      return v.as<IteratorObject>().depth;
    case Kind::kView:
      return depth_of(v.as<ViewObject>().dict) + 1;
    case Kind::kCycler:
      return depth_of(v.as<CyclerObject>().items) + 1;
    case Kind::kJoiner:
      return depth_of(v.as<JoinerObject>().separator) + 1;
    case Kind::kFunction:
      return v.as<Function>().depth;
    case Kind::kLoop:
      return v.as<LoopObject>().value_depth;
    default:
      return 0;
  }
}

std::string type_name(const Value& v) {
  switch (v.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return v.markup() ? "Markup" : "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kDict:
      return "dict";
    case Kind::kRange:
      return "range";
    case Kind::kView:
      switch (v.as<ViewObject>().part) {
        case ViewObject::Part::kKeys:
          return "dict_keys";
        case ViewObject::Part::kValues:
          return "dict_values";
        case ViewObject::Part::kItems:
          return "dict_items";
      }
      return "dict_items";
    case Kind::kIterator:
      return v.as<IteratorObject>().type;
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kFunction:
      return v.as<Function>().type;
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kCycler:
      return "Cycler";
    case Kind::kJoiner:
      return "Joiner";
  }
  return "object";
}

void fail_undefined(const Value& v) {
  fail(v.identity() == nullptr ? "value is undefined" : v.as<UndefinedObject>().message);
}

bool truthy(const Value& v) {
  switch (v.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return v.as_int() != 0;
    case Kind::kFloat:
      return v.as_double() != 0;
    case Kind::kString:
      return !v.str().empty();
    default: {
      const std::optional<std::size_t> n = length(v);
      return !n || *n > 0;
    }
  }
}

bool identical(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.identity() != nullptr || b.identity() != nullptr) return a.identity() == b.identity();
  // Small ints are one object in python; of floats no two are.
  return a.is(Kind::kFloat) ? false : a.as_int() == b.as_int();
}

bool equal(const Value& a, const Value& b) {
  charge_steps(1);
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.identity() != nullptr && a.identity() == b.identity()) return true;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      charge_steps(a.str().size() / 64);
      return a.str() == b.str();
    case Kind::kList:
    case Kind::kTuple:
      return equal_items(a.items(), b.items());
    case Kind::kDict:
      return equal_dicts(a.entries(), b.entries());
    case Kind::kRange:
      return equal_items(range_items(a.as<RangeObject>()), range_items(b.as<RangeObject>()));
    default:
      return false;
  }
}

std::size_t hash_text(std::string_view text) {
  return std::hash<std::string_view>()(text);
}

std::size_t hash(const Value& v) {
  charge_steps(1);
  switch (v.kind()) {
    case Kind::kNone:
      return 0x9e37;
    case Kind::kBool:
    case Kind::kInt:
      return std::hash<double>()(static_cast<double>(v.as_int()));
    case Kind::kFloat:
      return std::hash<double>()(v.as_double());
    case Kind::kString:
      return hash_text(v.str());
    case Kind::kTuple: {
      std::size_t h = 17;
      for (const Value& item : v.items()) h = h * 1000003 + hash(item);
      return h;
    }
    case Kind::kUndefined:
      return 0x51;
    case Kind::kList:
    case Kind::kDict:
      fail("unhashable type: '" + type_name(v) + "'");
    default:
      return std::hash<const void*>()(v.identity());
  }
}

bool compare(CompareOp op, const Value& a, const Value& b) {
  charge_steps(1);
  switch (op) {
    case CompareOp::kEq:
      return equal(a, b);
    case CompareOp::kNe:
      return !equal(a, b);
    case CompareOp::kIn:
      return contains(b, a);
    case CompareOp::kNotIn:
      return !contains(b, a);
    default:
      return order(op, a, b);
  }
}

bool contains(const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::kString:
      if (!item.is_string()) {
        fail("'in <string>' requires string as left operand, not " + type_name(item));
      }
      charge_steps(container.str().size() / 64);
      return container.str().find(item.str()) != std::string::npos;
    case Kind::kDict:
      return container.entries().find(item) != nullptr;
    case Kind::kRange: {
      const auto& range = container.as<RangeObject>();
      if (!item.is_number()) return false;
      if (item.is(Kind::kFloat) && item.as_double() != std::floor(item.as_double())) return false;
      const Int i = item.is_integer() ? item.as_int() : truncate_to_int(item.as_double());
      const Int offset = i - range.start;
      return offset % range.step == 0 && offset / range.step >= 0 &&
             offset / range.step < range.size();
    }
    default:
      break;
  }
  if (!is_iterable(container)) {
    fail("argument of type '" + type_name(container) + "' is not iterable");
  }
  if (container.is_sequence()) {
    const std::vector<Value>& items = container.items();
    return std::any_of(items.begin(), items.end(), [&](const Value& v) { return equal(v, item); });
  }
  const std::vector<Value> items = iterate(container);
  return std::any_of(items.begin(), items.end(), [&](const Value& v) { return equal(v, item); });
}

std::optional<std::size_t> length(const Value& v) {
  switch (v.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      charge_steps(v.str().size() / 256);
      return count_characters(v.str());
    case Kind::kList:
    case Kind::kTuple:
      return v.items().size();
    case Kind::kDict:
      return v.entries().size();
    case Kind::kRange:
      return static_cast<std::size_t>(v.as<RangeObject>().size());
    case Kind::kView:
      return v.as<ViewObject>().dict.entries().size();
    case Kind::kLoop:
      return v.as<LoopObject>().items.size();
    default:
      return std::nullopt;
  }
}

std::size_t need_length(const Value& v) {
  const std::optional<std::size_t> n = length(v);
  if (!n) fail("object of type '" + type_name(v) + "' has no len()");
  return *n;
}

bool is_iterable(const Value& v) {
  switch (v.kind()) {
    case Kind::kUndefined:
    case Kind::kString:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
    case Kind::kRange:
    case Kind::kView:
    case Kind::kIterator:
    case Kind::kLoop:
      return true;
    default:
      return false;
  }
}

std::vector<Value> iterate(const Value& v) {
  std::vector<Value> out;
  switch (v.kind()) {
    case Kind::kUndefined:
      return out;
    case Kind::kString:
      charge_steps(v.str().size());
      for (const std::string_view c : characters(v.str())) {
        out.push_back(Value::string(std::string(c)));
      }
      return out;
    case Kind::kList:
    case Kind::kTuple:
      charge_steps(v.items().size() / 8);
      return v.items();
    case Kind::kDict:
      charge_steps(v.entries().size() / 8);
      for (const auto& [key, value] : v.entries().entries()) out.push_back(key);
      return out;
    case Kind::kRange:
      return range_items(v.as<RangeObject>());
    case Kind::kView:
      return v.as<ViewObject>().items();
    case Kind::kIterator: {
      auto& it = v.as<IteratorObject>();
      out.assign(it.items.begin() + static_cast<std::ptrdiff_t>(it.next), it.items.end());
      it.next = it.items.size();
      return out;
    }
    case Kind::kLoop:
      return v.as<LoopObject>().rest();
    default:
      fail("'" + type_name(v) + "' object is not iterable");
  }
}

std::optional<Value> element(const Value& obj, const Value& key) {
  switch (obj.kind()) {
    case Kind::kDict: {
      if (!is_hashable(key)) return std::nullopt;
      const Value* found = obj.entries().find(key);
      return found == nullptr ? std::nullopt : std::optional(*found);
    }
    case Kind::kList:
    case Kind::kTuple: {
      const std::optional<std::size_t> i = place(key, obj.items().size());
      return i ? std::optional(obj.items()[*i]) : std::nullopt;
    }
    case Kind::kString: {
      if (!key.is_integer()) return std::nullopt;
      charge_steps(obj.str().size() / 64);
      const std::optional<std::size_t> i = place(key, count_characters(obj.str()));
      if (!i) return std::nullopt;
      const std::size_t at = character_offset(obj.str(), *i);
      const std::string_view rest = std::string_view(obj.str()).substr(at);
      return Value::string(std::string(rest.substr(0, character_offset(rest, 1))), obj.markup());
    }
    case Kind::kRange: {
      const auto& range = obj.as<RangeObject>();
      const std::optional<std::size_t> i = place(key, static_cast<std::size_t>(range.size()));
      if (!i) return std::nullopt;
      return Value::integer(range.start + static_cast<Int>(*i) * range.step);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace rocmforge::text::jinja
