// Filters of single values, and the search among all.
#include "text/jinja/filters.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

Value absolute(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("abs", arguments, {});
  need_defined(v);
  if (v.is(Kind::kFloat)) return Value::number(std::abs(v.as_double()));
  if (!v.is_integer()) fail("bad operand type for abs(): '" + type_name(v) + "'");
  return v.as_int() < 0 ? negate(v) : Value::integer(v.as_int());
}

Value default_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  const bool replaces = v.is_undefined() || (bound.flag(1, false) && !truthy(v));
  return replaces ? bound.get(0, Value::string("")) : v;
}

std::optional<double> double_of(const Value& v) {
  if (v.is_number()) return v.as_double();
  return v.is_string() ? parse_float(v.str()) : std::nullopt;
}

Value int_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  need_defined(v);
  const Value otherwise = bound.get(0, Value::integer(0));
  if (v.is_integer()) return Value::integer(v.as_int());
  if (v.is_string()) {
    const std::int64_t base = bound.index(1, 10);
    const bool base_fits = base == 0 || (base >= 2 && base <= 36);
    if (base_fits) {
      if (const auto i = parse_int(v.str(), static_cast<int>(base))) return Value::integer(*i);
    }
  }
  const std::optional<double> d = double_of(v);
  if (!d || std::isnan(*d)) return otherwise;
  return Value::integer(truncate_to_int(*d));  // python fails on infinities here as well
}

Value float_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  need_defined(v);
  const std::optional<double> d = double_of(v);
  return d ? Value::number(*d) : bound.get(0, Value::number(0.0));
}

// round(d, n) of python: correct for the decimal digits, halves to even.
double round_digits(double d, std::int64_t n) {
  if (!std::isfinite(d) || n > 300) return d;
  if (n < -300) return std::copysign(0.0, d);
  if (n <= 0) {
    const double unit = std::pow(10.0, static_cast<double>(-n));
    return std::nearbyint(d / unit) * unit;
  }
  std::string text(400, '\0');
  const int size = std::snprintf(text.data(), text.size(), "%.*f", static_cast<int>(n), d);
  if (size < 0 || static_cast<std::size_t>(size) >= text.size()) return d;
  text.resize(static_cast<std::size_t>(size));
  return parse_float(text).value_or(d);
}

Int round_int(Int i, std::int64_t digits) {
  if (digits >= 0) return i;
  Int unit = 1;
  for (std::int64_t k = digits; k < 0; ++k) {
    if (__builtin_mul_overflow(unit, Int{10}, &unit)) return 0;
  }
  Int rest = i % unit;
  if (rest < 0) rest += unit;
  const Int low = i - rest;
  const bool up = rest > unit - rest || (rest == unit - rest && (low / unit) % 2 != 0);
  return up ? low + unit : low;
}

Value round_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  need_defined(v);
  const std::string method = bound.has(1) ? bound.text(1) : "common";
  if (method != "common" && method != "ceil" && method != "floor") {
    fail("method must be common, ceil or floor");
  }
  if (!v.is_number()) fail("type " + type_name(v) + " doesn't define __round__ method");
  if (method == "common") {
    const std::int64_t digits = bound.index(0, 0);
    if (v.is_integer()) return Value::integer(round_int(v.as_int(), digits));
    return Value::number(round_digits(v.as_double(), digits));
  }
  const Value unit = binary(BinaryOp::kPow, Value::integer(10), bound.get(0, Value::integer(0)));
  const double scaled = binary(BinaryOp::kMul, v, unit).as_double();
  const Int whole = truncate_to_int(method == "ceil" ? std::ceil(scaled) : std::floor(scaled));
  return binary(BinaryOp::kDiv, Value::integer(whole), unit);
}

Value string_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("string", arguments, {});
  return v.is_string() ? v : Value::string(to_str(v));
}

Value to_json_of(Interpreter&, const Value& v, const Arguments& arguments) {
  return Value::string(to_json(v, arguments));
}

Value attribute_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"}, 1);
  need_defined(v);
  const std::string& name = bound.text(0);
  if (std::optional<Value> found = attribute(v, name)) return *found;
  return Value::undefined(repr_text(type_name(v) + " object") + " has no attribute " +
                          repr_text(name));
}

Value file_size(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("filesizeformat", arguments, {"binary"});
  const bool binary_units = bound.flag(0, false);
  const std::optional<double> bytes = double_of(v);
  if (!bytes) fail("could not convert to float: " + repr(v));
  const double base = binary_units ? 1024 : 1000;
  if (*bytes == 1) return Value::string("1 Byte");
  if (*bytes < base) return Value::string(to_string(truncate_to_int(*bytes)) + " Bytes");
  constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  std::size_t i = 0;
  for (; i + 1 < kPrefixes.size() && *bytes >= unit * base; ++i) unit *= base;
  std::string prefix(1, kPrefixes[i]);
  if (binary_units) prefix = upper(prefix) + "i";
  return Value::string(format_percent("%.1f ", Value::number(*bytes / unit)) + prefix + "B");
}

constexpr NamedFilter kFilters[] = {
    {"abs", absolute},      {"attr", attribute_of},
    {"d", default_of},      {"default", default_of},
    {"float", float_of},    {"int", int_of},
    {"round", round_of},    {"string", string_of},
    {"tojson", to_json_of}, {"filesizeformat", file_size},
};

}  // namespace

std::span<const NamedFilter> value_filters() {
  return kFilters;
}

Builtin find_filter(std::string_view name) {
  for (const auto table :
       {value_filters(), text_filters(), sequence_filters(), selecting_filters()}) {
    for (const NamedFilter& f : table) {
      if (f.name == name) return f.function;
    }
  }
  return nullptr;
}

}  // namespace rocmforge::text::jinja
