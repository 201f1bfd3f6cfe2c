// Expressions of a template.
#include <algorithm>

#include "text/jinja/interpreter.h"

namespace rocmforge::text::jinja {

Value Interpreter::eval(const Expression& e, const ScopePtr& scope) {
  charge_steps(1);
  switch (e.kind) {
    case ExpressionKind::kConstant:
      return e.constant;
    case ExpressionKind::kName:
      return eval_name(e, scope);
    default:
      break;
  }
  const Nesting level;
  switch (e.kind) {
    case ExpressionKind::kList:
      return Value::list(eval_all(e.children, scope));
    case ExpressionKind::kTuple:
      return Value::tuple(eval_all(e.children, scope));
    case ExpressionKind::kDict:
      return eval_dict(e, scope);
    case ExpressionKind::kSlice:
      return eval_slice(e, scope);
    case ExpressionKind::kCall:
      return eval_call(e, scope);
    case ExpressionKind::kFilter:
      return eval_filter(e, scope);
    case ExpressionKind::kTest:
      return eval_test(e, scope);
    case ExpressionKind::kConcat:
      return eval_concat(e, scope);
    case ExpressionKind::kComparison:
      return eval_comparison(e, scope);
    case ExpressionKind::kConditional:
      return eval_conditional(e, scope);
    default:
      return eval_compound(e, scope);
  }
}

// Those of one or two parts.
Value Interpreter::eval_compound(const Expression& e, const ScopePtr& scope) {
  Value first = eval(*e.children[0], scope);
  line_ = e.line;
  switch (e.kind) {
    case ExpressionKind::kAttribute:
      return get_attribute(first, e.name);
    case ExpressionKind::kNot:
      return Value::boolean(!truthy(first));
    case ExpressionKind::kNegative:
      return negate(first);
    case ExpressionKind::kPositive:
      return positive(first);
    case ExpressionKind::kAnd:
      return truthy(first) ? eval(*e.children[1], scope) : first;
    case ExpressionKind::kOr:
      return truthy(first) ? first : eval(*e.children[1], scope);
    default:
      break;
  }
  const Value second = eval(*e.children[1], scope);
  line_ = e.line;
  return e.kind == ExpressionKind::kItem ? get_item(first, second)
                                         : binary(e.binary_op, first, second);
}

Value Interpreter::eval_name(const Expression& e, const ScopePtr& scope) const {
  if (const Value* found = scope->find(e.name)) return *found;
  if (std::optional<Value> global = find_global(e.name)) return *global;
  return Value::undefined(repr_text(e.name) + " is undefined");
}

std::vector<Value> Interpreter::eval_all(const std::vector<ExpressionPtr>& all,
                                         const ScopePtr& scope) {
  std::vector<Value> out;
  out.reserve(all.size());
  for (const ExpressionPtr& e : all) out.push_back(eval(*e, scope));
  return out;
}

Value Interpreter::eval_dict(const Expression& e, const ScopePtr& scope) {
  Dict dict;
  for (std::size_t i = 0; i + 1 < e.children.size(); i += 2) {
    Value key = eval(*e.children[i], scope);
    Value value = eval(*e.children[i + 1], scope);
    line_ = e.line;
    dict.set(std::move(key), std::move(value));
  }
  return Value::dict(std::move(dict));
}

Value Interpreter::eval_slice(const Expression& e, const ScopePtr& scope) {
  const Value object = eval(*e.children[0], scope);
  const auto part = [&](std::size_t i) {
    return e.children[i] ? eval(*e.children[i], scope) : Value::none();
  };
  const Value start = part(1), stop = part(2), step = part(3);
  line_ = e.line;
  return slice(object, start, stop, step);
}

Value Interpreter::eval_comparison(const Expression& e, const ScopePtr& scope) {
  Value left = eval(*e.children[0], scope);
  for (std::size_t i = 0; i < e.comparisons.size(); ++i) {
    Value right = eval(*e.children[i + 1], scope);
    line_ = e.line;
    if (!compare(e.comparisons[i], left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::eval_conditional(const Expression& e, const ScopePtr& scope) {
  if (truthy(eval(*e.children[0], scope))) return eval(*e.children[1], scope);
  if (e.children[2]) return eval(*e.children[2], scope);
  return Value::undefined("the inline if-expression on line " + std::to_string(e.line) +
                          " evaluated to false and no else section was defined.");
}

Value Interpreter::eval_concat(const Expression& e, const ScopePtr& scope) {
  std::string out;
  for (const ExpressionPtr& part : e.children) {
    out += to_str(eval(*part, scope));
    check_length(out.size());
  }
  return Value::string(std::move(out));
}

Arguments Interpreter::eval_arguments(const CallArguments& arguments, const ScopePtr& scope) {
  Arguments out;
  out.positional = eval_all(arguments.positional, scope);
  for (const auto& [name, value] : arguments.named) {
    out.named.emplace_back(name, eval(*value, scope));
  }
  if (arguments.star) {
    for (Value& value : iterate(eval(*arguments.star, scope))) {
      out.positional.push_back(std::move(value));
    }
  }
  if (arguments.star_star) {
    const Value value = eval(*arguments.star_star, scope);
    if (!value.is(Kind::kDict)) {
      fail("argument after ** must be a mapping, not " + type_name(value));
    }
    for (const auto& [key, item] : value.entries().entries()) {
      if (!key.is_string()) fail("keywords must be strings");
      const auto same = [&](const auto& n) { return n.first == key.str(); };
      if (std::any_of(out.named.begin(), out.named.end(), same)) {
        fail("got multiple values for keyword argument " + repr_text(key.str()));
      }
      out.named.emplace_back(key.str(), item);
    }
  }
  return out;
}

Value Interpreter::eval_call(const Expression& e, const ScopePtr& scope, const Value* caller) {
  const Value function = eval(*e.children[0], scope);
  Arguments arguments = eval_arguments(e.arguments, scope);
  if (caller != nullptr) arguments.named.emplace_back("caller", *caller);
  line_ = e.line;
  return call(function, arguments);
}

Value Interpreter::eval_filter(const Expression& e, const ScopePtr& scope) {
  const Value input = e.children[0] ? eval(*e.children[0], scope) : block_texts_.back();
  const Arguments arguments = eval_arguments(e.arguments, scope);
  line_ = e.line;
  if (e.filter == nullptr) fail("No filter named " + repr_text(e.name) + ".");
  return e.filter(*this, input, arguments);
}

Value Interpreter::eval_test(const Expression& e, const ScopePtr& scope) {
  const Value input = eval(*e.children[0], scope);
  const Arguments arguments = eval_arguments(e.arguments, scope);
  line_ = e.line;
  if (e.test == nullptr) fail("No test named " + repr_text(e.name) + ".");
  return Value::boolean(e.test(*this, input, arguments));
}

}  // namespace rocmforge::text::jinja
