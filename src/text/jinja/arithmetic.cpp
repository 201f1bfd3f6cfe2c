// + - * / // % ** and what of them sequences know.
#include <cmath>
#include <limits>

#include "text/jinja/function.h"
#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {
namespace {

std::string_view symbol(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSub:
      return "-";
    case BinaryOp::kMul:
      return "*";
    case BinaryOp::kDiv:
      return "/";
    case BinaryOp::kFloorDiv:
      return "//";
    case BinaryOp::kMod:
      return "%";
    case BinaryOp::kPow:
      return "** or pow()";
  }
  return "?";
}

[[noreturn]] void fail_operands(BinaryOp op, const Value& a, const Value& b) {
  fail("unsupported operand type(s) for " + std::string(symbol(op)) + ": '" + type_name(a) +
       "' and '" + type_name(b) + "'");
}

[[noreturn]] void fail_overflow() {
  fail("an integer passes 128 bits");
}

Int floor_div(Int a, Int b) {
  const Int q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

Value power(Int base, Int exponent) {
  if (exponent < 0) {
    if (base == 0) fail("0.0 cannot be raised to a negative power");
    return Value::number(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  if (base == 0 || base == 1 || base == -1) {
    const Int sign = base == -1 && exponent % 2 == 0 ? -1 : 1;
    return Value::integer(exponent == 0 ? 1 : base * sign);
  }
  if (exponent > 127) fail_overflow();
  Int out = 1;
  for (Int i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(out, base, &out)) fail_overflow();
  }
  return Value::integer(out);
}

Value integers(BinaryOp op, Int a, Int b) {
  Int out = 0;
  bool overflow = false;
  switch (op) {
    case BinaryOp::kAdd:
      overflow = __builtin_add_overflow(a, b, &out);
      break;
    case BinaryOp::kSub:
      overflow = __builtin_sub_overflow(a, b, &out);
      break;
    case BinaryOp::kMul:
      overflow = __builtin_mul_overflow(a, b, &out);
      break;
    case BinaryOp::kDiv:
      if (b == 0) fail("division by zero");
      return Value::number(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOp::kFloorDiv:
    case BinaryOp::kMod:
      if (b == 0) fail("integer division or modulo by zero");
      if (b == -1) {  // the smallest one has no opposite
        overflow = op == BinaryOp::kFloorDiv && __builtin_sub_overflow(Int{0}, a, &out);
        break;
      }
      out = op == BinaryOp::kFloorDiv ? floor_div(a, b) : a - floor_div(a, b) * b;
      break;
    case BinaryOp::kPow:
      return power(a, b);
  }
  if (overflow) fail_overflow();
  return Value::integer(out);
}

// As CPython: the remainder takes the divisor's sign, and is exact.
double float_mod(double a, double b) {
  double mod = std::fmod(a, b);
  if (mod == 0) return std::copysign(0.0, b);
  return (b < 0) != (mod < 0) ? mod + b : mod;
}

double float_floor_div(double a, double b) {
  double mod = std::fmod(a, b);
  double div = (a - mod) / b;
  if (mod != 0 && (b < 0) != (mod < 0)) div -= 1;
  if (div == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(div);
  return div - floor > 0.5 ? floor + 1 : floor;
}

Value floats(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return Value::number(a + b);
    case BinaryOp::kSub:
      return Value::number(a - b);
    case BinaryOp::kMul:
      return Value::number(a * b);
    case BinaryOp::kDiv:
      if (b == 0) fail("float division by zero");
      return Value::number(a / b);
    case BinaryOp::kFloorDiv:
      if (b == 0) fail("float floor division by zero");
      return Value::number(float_floor_div(a, b));
    case BinaryOp::kMod:
      if (b == 0) fail("float modulo");
      return Value::number(float_mod(a, b));
    case BinaryOp::kPow: {
      if (a == 0 && b < 0) fail("0.0 cannot be raised to a negative power");
      if (a < 0 && b != std::floor(b)) fail("a power that is a complex number");
      const double out = std::pow(a, b);
      if (std::isinf(out) && !std::isinf(a) && !std::isinf(b))
        fail("Numerical result out of range");
      return Value::number(out);
    }
  }
  return {};
}

// Elements or bytes of n, `times` over; at most 2^40, which passes every limit.
std::size_t repeated_size(std::size_t n, Int times) {
  constexpr Int kMost = Int{1} << 40;
  if (times <= 0 || n == 0) return 0;
  return static_cast<std::size_t>(times > kMost ? kMost : times * static_cast<Int>(n));
}

Value repeat(const Value& sequence, Int times) {
  if (sequence.is_string()) {
    const std::string& text = sequence.str();
    const std::size_t total = repeated_size(text.size(), times);
    check_length(total);
    charge_steps(total / 64);
    std::string out;
    out.reserve(total);
    while (out.size() < total) out += text;
    return Value::string(std::move(out), sequence.markup());
  }
  const std::vector<Value>& items = sequence.items();
  const std::size_t total = repeated_size(items.size(), times);
  charge_steps(total / 8);
  refund_memory(charge_memory(total * sizeof(Value)));  // fails before it is made
  std::vector<Value> out;
  out.reserve(total);
  while (out.size() < total) out.insert(out.end(), items.begin(), items.end());
  return sequence.is(Kind::kList) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
}

Value add_strings(const Value& a, const Value& b) {
  check_length(a.str().size() + b.str().size());
  if (!a.markup() && !b.markup()) return Value::string(a.str() + b.str());
  return Value::string(escape_html(a) + escape_html(b), true);
}

Value add_sequences(const Value& a, const Value& b) {
  std::vector<Value> out;
  out.reserve(a.items().size() + b.items().size());
  out = a.items();
  out.insert(out.end(), b.items().begin(), b.items().end());
  return a.is(Kind::kList) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
}

// What markup's % is given: all that is no number escaped.
Value escaped_argument(const Value& v) {
  if (v.is(Kind::kTuple)) {
    std::vector<Value> out;
    for (const Value& item : v.items()) out.push_back(escaped_argument(item));
    return Value::tuple(std::move(out));
  }
  if (v.is(Kind::kDict)) {
    Dict out;
    for (const auto& [key, value] : v.entries().entries()) out.set(key, escaped_argument(value));
    return Value::dict(std::move(out));
  }
  return v.is_number() || v.markup() ? v : Value::string(escape_html(v), true);
}

bool repeats(const Value& v) {
  return v.is_string() || v.is_sequence();
}

Value add_others(const Value& a, const Value& b) {
  if (a.is_string() && b.is_string()) return add_strings(a, b);
  if (a.is_sequence() && a.kind() == b.kind()) return add_sequences(a, b);
  if (a.is_string() || a.is_sequence()) {
    const std::string type = a.is_string() ? "str" : type_name(a);
    fail("can only concatenate " + type + " (not \"" + type_name(b) + "\") to " + type);
  }
  fail_operands(BinaryOp::kAdd, a, b);
}

}  // namespace

Value binary(BinaryOp op, const Value& a, const Value& b) {
  charge_steps(1);
  // A format's argument may be undefined, which prints as nothing.
  if (op == BinaryOp::kMod && a.is_string()) {
    return Value::string(format_percent(a.str(), a.markup() ? escaped_argument(b) : b), a.markup());
  }
  need_defined(a);
  need_defined(b);
  if (a.is_integer() && b.is_integer()) return integers(op, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) return floats(op, a.as_double(), b.as_double());
  if (op == BinaryOp::kAdd) return add_others(a, b);
  if (op == BinaryOp::kMul) {
    if (repeats(a) && b.is_integer()) return repeat(a, b.as_int());
    if (repeats(b) && a.is_integer()) return repeat(b, a.as_int());
    if (repeats(a) || repeats(b)) {
      fail("can't multiply sequence by non-int of type '" + type_name(repeats(a) ? b : a) + "'");
    }
  }
  fail_operands(op, a, b);
}

Value negate(const Value& v) {
  need_defined(v);
  if (v.is_integer()) return integers(BinaryOp::kSub, 0, v.as_int());
  if (v.is(Kind::kFloat)) return Value::number(-v.as_double());
  fail("bad operand type for unary -: '" + type_name(v) + "'");
}

Value positive(const Value& v) {
  need_defined(v);
  if (v.is_integer()) return Value::integer(v.as_int());
  if (v.is(Kind::kFloat)) return v;
  fail("bad operand type for unary +: '" + type_name(v) + "'");
}

}  // namespace rocmforge::text::jinja
