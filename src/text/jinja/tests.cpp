// What stands behind `is`.
#include "text/jinja/function.h"
#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {
namespace {

// A test without arguments.
template <bool (*kCheck)(const Value&)>
bool plain(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("the test", arguments, {});
  return kCheck(v);
}

template <CompareOp kOp>
bool compared(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("the test", arguments, {"other"}, 1);
  return compare(kOp, v, bound.at(0));
}

template <Kind kKind>
bool is_of(const Value& v) {
  return v.is(kKind);
}

bool is_defined(const Value& v) {
  return !v.is_undefined();
}
bool is_true(const Value& v) {
  return v.is(Kind::kBool) && v.as_bool();
}
bool is_false(const Value& v) {
  return v.is(Kind::kBool) && !v.as_bool();
}
bool is_number(const Value& v) {
  return v.is_number();
}
bool is_sequence(const Value& v) {
  switch (v.kind()) {
    case Kind::kUndefined:  // it has a length, and a method that refuses
    case Kind::kString:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
    case Kind::kRange:
      return true;
    default:
      return false;
  }
}
bool is_callable(const Value& v) {
  // An undefined value has the method, to say what it is.
  return v.is(Kind::kFunction) || v.is(Kind::kJoiner) || v.is(Kind::kLoop) || v.is_undefined();
}
bool is_escaped(const Value& v) {
  return v.markup();
}
bool is_lower_text(const Value& v) {
  return is_cased_as(to_str(v), false);
}
bool is_upper_text(const Value& v) {
  return is_cased_as(to_str(v), true);
}

bool remainder_is(const Value& v, const Value& by, int expected) {
  return equal(binary(BinaryOp::kMod, v, by), Value::integer(expected));
}
bool is_odd(const Value& v) {
  return remainder_is(v, Value::integer(2), 1);
}
bool is_even(const Value& v) {
  return remainder_is(v, Value::integer(2), 0);
}

bool divisible_by(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("divisibleby", arguments, {"num"}, 1);
  return remainder_is(v, bound.at(0), 0);
}

bool same_as(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("sameas", arguments, {"other"}, 1);
  return identical(v, bound.at(0));
}

bool is_filter(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("filter", arguments, {});
  return v.is_string() && find_filter(v.str()) != nullptr;
}
bool is_test(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("test", arguments, {});
  return v.is_string() && find_test(v.str()) != nullptr;
}

struct Entry {
  std::string_view name;
  Test test;
};
constexpr Entry kTests[] = {
    {"odd", plain<is_odd>},
    {"even", plain<is_even>},
    {"divisibleby", divisible_by},
    {"defined", plain<is_defined>},
    {"undefined", plain<is_of<Kind::kUndefined>>},
    {"filter", is_filter},
    {"test", is_test},
    {"none", plain<is_of<Kind::kNone>>},
    {"boolean", plain<is_of<Kind::kBool>>},
    {"false", plain<is_false>},
    {"true", plain<is_true>},
    {"integer", plain<is_of<Kind::kInt>>},
    {"float", plain<is_of<Kind::kFloat>>},
    {"lower", plain<is_lower_text>},
    {"upper", plain<is_upper_text>},
    {"string", plain<is_of<Kind::kString>>},
    {"mapping", plain<is_of<Kind::kDict>>},
    {"number", plain<is_number>},
    {"sequence", plain<is_sequence>},
    {"iterable", plain<is_iterable>},
    {"callable", plain<is_callable>},
    {"sameas", same_as},
    {"escaped", plain<is_escaped>},
    {"in", compared<CompareOp::kIn>},
    {"==", compared<CompareOp::kEq>},
    {"eq", compared<CompareOp::kEq>},
    {"equalto", compared<CompareOp::kEq>},
    {"!=", compared<CompareOp::kNe>},
    {"ne", compared<CompareOp::kNe>},
    {">", compared<CompareOp::kGt>},
    {"gt", compared<CompareOp::kGt>},
    {"greaterthan", compared<CompareOp::kGt>},
    {">=", compared<CompareOp::kGe>},
    {"ge", compared<CompareOp::kGe>},
    {"<", compared<CompareOp::kLt>},
    {"lt", compared<CompareOp::kLt>},
    {"lessthan", compared<CompareOp::kLt>},
    {"<=", compared<CompareOp::kLe>},
    {"le", compared<CompareOp::kLe>},
};

}  // namespace

Test find_test(std::string_view name) {
  for (const Entry& e : kTests) {
    if (e.name == name) return e.test;
  }
  return nullptr;
}

}  // namespace rocmforge::text::jinja
