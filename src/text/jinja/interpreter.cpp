#include "text/jinja/interpreter.h"

#include <algorithm>

namespace rocmforge::text::jinja {

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    for (const auto& [key, value] : scope->names) {
      if (key == name) return &value;
    }
  }
  return nullptr;
}

void Scope::set(const std::string& name, Value value) {
  for (auto& [key, old] : names) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  names.emplace_back(name, std::move(value));
}

Value MacroFunction::call(Interpreter& interpreter, const Arguments& arguments) const {
  return interpreter.call_macro(*this, arguments);
}

Interpreter::~Interpreter() {
  for (const std::shared_ptr<Object>& object : kept_) object->cut();
}

std::string Interpreter::render(const Block& block, const Dict& variables) {
  std::string out;
  out_ = &out;
  // The template's own names lie over those that it is given.
  const auto given = std::make_shared<Scope>(nullptr);
  for (const auto& [name, value] : variables.entries())
    given->names.emplace_back(name.str(), value);
  const ScopePtr scope = inner(given);
  run(block, scope);
  out_ = nullptr;
  return out;
}

void Interpreter::write(std::string_view text) {
  check_length(out_->size() + text.size());
  charge_steps(text.size() / 64);
  out_->append(text);
}

ScopePtr Interpreter::inner(const ScopePtr& scope) {
  return std::make_shared<Scope>(scope);
}

Interpreter::Flow Interpreter::run(const Block& block, const ScopePtr& scope) {
  for (const StatementPtr& s : block) {
    if (const Flow flow = run(*s, scope); flow != Flow::kOn) return flow;
  }
  return Flow::kOn;
}

Interpreter::Flow Interpreter::run(const Statement& s, const ScopePtr& scope) {
  const Nesting level;
  charge_steps(1);
  line_ = s.line;
  switch (s.kind) {
    case StatementKind::kText:
      write(s.text);
      break;
    case StatementKind::kPrint: {
      const Value value = eval(*s.value, scope);
      write(value.is_string() ? value.str() : to_str(value));
      break;
    }
    case StatementKind::kIf:
      return run_if(s, scope);
    case StatementKind::kFor:
      run_for(s, eval(*s.value, scope), scope, 0);
      break;
    case StatementKind::kSet:
      assign(*s.target, eval(*s.value, scope), scope);
      break;
    case StatementKind::kSetBlock: {
      const ScopePtr within = inner(scope);
      std::string text = captured(s.body, within);
      assign(*s.target, filtered(s.value.get(), std::move(text), within), scope);
      break;
    }
    case StatementKind::kMacro:
      scope->set(s.name, make_macro(s.name, s, scope));
      break;
    case StatementKind::kCallBlock:
      run_call(s, scope);
      break;
    case StatementKind::kFilterBlock: {
      const ScopePtr within = inner(scope);
      std::string text = captured(s.body, within);
      write(to_str(filtered(s.value.get(), std::move(text), within)));
      break;
    }
    case StatementKind::kWith:
      return run_with(s, scope);
    case StatementKind::kScope: {
      const ScopePtr within = inner(scope);
      run(s.body, within);
      break;
    }
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kOn;
}

Interpreter::Flow Interpreter::run_if(const Statement& s, const ScopePtr& scope) {
  for (const auto& [condition, body] : s.branches) {
    if (truthy(eval(*condition, scope))) return run(body, scope);
  }
  return run(s.otherwise, scope);
}

std::vector<Value> Interpreter::loop_items(const Statement& s, const Value& iterable,
                                           const ScopePtr& scope) {
  line_ = s.line;
  std::vector<Value> items = iterate(iterable);
  if (!s.test) return items;
  std::vector<Value> kept;
  for (Value& item : items) {
    charge_steps(1);
    const ScopePtr within = inner(scope);
    assign(*s.target, item, within);
    if (truthy(eval(*s.test, within))) kept.push_back(std::move(item));
  }
  return kept;
}

Interpreter::Flow Interpreter::run_for(const Statement& s, const Value& iterable,
                                       const ScopePtr& scope, std::size_t depth0) {
  const auto loop = std::make_shared<LoopObject>(loop_items(s, iterable, scope), depth0);
  const Value loop_value = Value::object(Kind::kLoop, loop);
  if (s.recursive) {
    loop->recurse = [this, &s, scope](const Value& items, std::size_t depth) {
      std::string text;
      std::string* const outer = std::exchange(out_, &text);
      run_for(s, items, scope, depth);
      out_ = outer;
      return text;
    };
  }
  // As jinja has it: an iteration that is left by break or continue does not count here.
  bool any_to_its_end = false;
  for (; loop->index0 < loop->items.size(); ++loop->index0) {
    charge_steps(1);
    const ScopePtr within = inner(scope);
    within->set("loop", loop_value);
    line_ = s.line;
    assign(*s.target, loop->items[loop->index0], within);
    const Flow flow = run(s.body, within);
    if (flow == Flow::kBreak) break;
    any_to_its_end |= flow == Flow::kOn;
  }
  loop->recurse = nullptr;
  if (any_to_its_end || s.otherwise.empty()) return Flow::kOn;
  const ScopePtr within = inner(scope);
  const Flow flow = run(s.otherwise, within);
  return flow;
}

Interpreter::Flow Interpreter::run_with(const Statement& s, const ScopePtr& scope) {
  const ScopePtr within = inner(scope);
  // Every value is computed outside, before any name is bound.
  std::vector<Value> values;
  for (const auto& [target, value] : s.bindings) values.push_back(eval(*value, scope));
  for (std::size_t i = 0; i < values.size(); ++i) assign(*s.bindings[i].first, values[i], within);
  const Flow flow = run(s.body, within);
  return flow;
}

void Interpreter::run_call(const Statement& s, const ScopePtr& scope) {
  const Value caller = make_macro("caller", s, scope);
  write(to_str(eval_call(*s.value, scope, &caller)));
}

std::string Interpreter::captured(const Block& block, const ScopePtr& scope) {
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  run(block, scope);
  out_ = outer;
  return text;
}

Value Interpreter::filtered(const Expression* filter, std::string text, const ScopePtr& scope) {
  Value value = Value::string(std::move(text));
  if (filter == nullptr) return value;
  block_texts_.push_back(std::move(value));
  Value out = eval(*filter, scope);
  block_texts_.pop_back();
  return out;
}

Value Interpreter::make_macro(const std::string& name, const Statement& s, const ScopePtr& scope) {
  if (!std::exchange(scope->captured, true)) keep(scope);
  return Value::object(Kind::kFunction, std::make_shared<MacroFunction>(name, s, scope));
}

void Interpreter::assign(const Expression& target, Value value, const ScopePtr& scope) {
  switch (target.kind) {
    case ExpressionKind::kName:
      scope->set(target.name, std::move(value));
      return;
    case ExpressionKind::kNamespaceRef: {
      const Value* found = scope->find(target.name);
      if (found == nullptr || !found->is(Kind::kNamespace)) {
        fail("cannot assign attribute on non-namespace object");
      }
      found->as<NamespaceObject>().attributes.set(target.attribute, std::move(value));
      return;
    }
    default:
      break;
  }
  if (!is_iterable(value)) fail("cannot unpack non-iterable " + type_name(value) + " object");
  const std::vector<Value> items = iterate(value);
  const std::size_t n = target.children.size();
  if (items.size() < n) {
    fail("not enough values to unpack (expected " + std::to_string(n) + ", got " +
         std::to_string(items.size()) + ")");
  }
  if (items.size() > n) fail("too many values to unpack (expected " + std::to_string(n) + ")");
  for (std::size_t i = 0; i < n; ++i) assign(*target.children[i], items[i], scope);
}

Value Interpreter::call(const Value& function, const Arguments& arguments) {
  charge_steps(1);
  switch (function.kind()) {
    case Kind::kUndefined:
      fail_undefined(function);
    case Kind::kFunction:
      return function.as<Function>().call(*this, arguments);
    case Kind::kJoiner: {
      auto& joiner = function.as<JoinerObject>();
      return std::exchange(joiner.used, true) ? joiner.separator : Value::string("");
    }
    case Kind::kLoop: {
      const Bound bound("loop", arguments, {"iterable"}, 1);
      const auto& loop = function.as<LoopObject>();
      if (!loop.recurse) {
        fail("The loop must have the 'recursive' marker to be called recursively.");
      }
      return Value::string(loop.recurse(bound.at(0), loop.depth0 + 1));
    }
    default:
      fail("'" + type_name(function) + "' object is not callable");
  }
}

Value Interpreter::call_macro(const MacroFunction& macro, const Arguments& arguments) {
  const Nesting level;
  const Signature& signature = macro.statement.signature;
  const std::string quoted = "macro " + repr_text(macro.name);
  const ScopePtr scope = inner(macro.scope);
  std::vector<std::pair<std::string, Value>> named = arguments.named;
  const auto take_named = [&](const std::string& name) -> std::optional<Value> {
    const auto it =
        std::find_if(named.begin(), named.end(), [&](const auto& n) { return n.first == name; });
    if (it == named.end()) return std::nullopt;
    Value value = std::move(it->second);
    named.erase(it);
    return value;
  };
  const std::size_t n_names = signature.names.size();
  const std::size_t n_given = std::min(n_names, arguments.positional.size());
  for (std::size_t i = 0; i < n_given; ++i) scope->set(signature.names[i], arguments.positional[i]);
  std::vector<std::size_t> missing;
  for (std::size_t i = n_given; i < n_names; ++i) {
    const std::string& name = signature.names[i];
    if (std::optional<Value> value = take_named(name)) {
      scope->set(name, std::move(*value));
    } else {
      missing.push_back(i);
    }
  }
  if (signature.uses_caller) {
    std::optional<Value> caller = take_named("caller");
    scope->set("caller",
               caller && !caller->is_none() ? *caller : Value::undefined("No caller defined"));
  }
  if (signature.uses_kwargs) {
    Dict rest;
    for (auto& [name, value] : named) rest.set(name, value);
    scope->set("kwargs", Value::dict(std::move(rest)));
  } else if (!named.empty()) {
    if (named[0].first == "caller") {
      fail(quoted + " was invoked with two values for the special caller argument.");
    }
    fail(quoted + " takes no keyword argument " + repr_text(named[0].first));
  }
  if (signature.uses_varargs) {
    scope->set("varargs",
               Value::tuple({arguments.positional.begin() + static_cast<std::ptrdiff_t>(n_given),
                             arguments.positional.end()}));
  } else if (arguments.positional.size() > n_names) {
    fail(quoted + " takes not more than " + std::to_string(n_names) + " argument(s)");
  }
  const std::size_t first_default = n_names - signature.defaults.size();
  for (const std::size_t i : missing) {
    const std::string& name = signature.names[i];
    scope->set(name, i >= first_default
                         ? eval(*signature.defaults[i - first_default], scope)
                         : Value::undefined("parameter " + repr_text(name) + " was not provided"));
  }
  std::string text = captured(macro.statement.body, scope);
  return Value::string(std::move(text));
}

}  // namespace rocmforge::text::jinja
