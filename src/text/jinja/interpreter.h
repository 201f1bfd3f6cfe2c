// Runs a parsed template once.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/function.h"

namespace rocmforge::text::jinja {

// Names and their values: of the template, of a loop's iteration, of a macro's call, ...
struct Scope final : Object {
  // With room for a few names.
  explicit Scope(std::shared_ptr<Scope> outer)
      : Object(sizeof(Scope) + 256), parent(std::move(outer)) {}
  void cut() override { names.clear(); }
  const Value* find(const std::string& name) const;  // here or further out
  void set(const std::string& name, Value value);
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<std::string, Value>> names;
  bool captured = false;  // by a macro, which may outlive it
};
using ScopePtr = std::shared_ptr<Scope>;

struct MacroFunction final : Function {
  MacroFunction(std::string n, const Statement& s, ScopePtr where)
      : Function(sizeof(*this), std::move(n), "Macro"), statement(s), scope(std::move(where)) {}
  Value call(Interpreter& interpreter, const Arguments& arguments) const override;
  const Statement& statement;
  ScopePtr scope;
};

class Interpreter {
 public:
  explicit Interpreter(const std::tm& now) : now_(now) {}
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Throws Failure; line() is then where.
  std::string render(const Block& block, const Dict& variables);
  int line() const { return line_; }
  const std::tm& now() const { return now_; }

  Value call(const Value& function, const Arguments& arguments);
  Value call_macro(const MacroFunction& macro, const Arguments& arguments);
  // Its references are cut when the rendering ends: it may be part of a cycle.
  void keep(std::shared_ptr<Object> object) { kept_.push_back(std::move(object)); }

 private:
  enum class Flow { kOn, kBreak, kContinue };

  // Statements.
  Flow run(const Block& block, const ScopePtr& scope);
  Flow run(const Statement& s, const ScopePtr& scope);
  Flow run_if(const Statement& s, const ScopePtr& scope);
  Flow run_for(const Statement& s, const Value& iterable, const ScopePtr& scope,
               std::size_t depth0);
  Flow run_with(const Statement& s, const ScopePtr& scope);
  void run_call(const Statement& s, const ScopePtr& scope);
  std::string captured(const Block& block, const ScopePtr& scope);
  // What a block's text becomes by its filter, if any.
  Value filtered(const Expression* filter, std::string text, const ScopePtr& scope);
  void write(std::string_view text);
  ScopePtr inner(const ScopePtr& scope);
  Value make_macro(const std::string& name, const Statement& s, const ScopePtr& scope);
  std::vector<Value> loop_items(const Statement& s, const Value& iterable, const ScopePtr& scope);
  void assign(const Expression& target, Value value, const ScopePtr& scope);

  // Expressions.
  Value eval(const Expression& e, const ScopePtr& scope);
  Value eval_name(const Expression& e, const ScopePtr& scope) const;
  std::vector<Value> eval_all(const std::vector<ExpressionPtr>& all, const ScopePtr& scope);
  Value eval_dict(const Expression& e, const ScopePtr& scope);
  Value eval_slice(const Expression& e, const ScopePtr& scope);
  Value eval_comparison(const Expression& e, const ScopePtr& scope);
  Value eval_conditional(const Expression& e, const ScopePtr& scope);
  Value eval_concat(const Expression& e, const ScopePtr& scope);
  Value eval_call(const Expression& e, const ScopePtr& scope, const Value* caller = nullptr);
  Value eval_filter(const Expression& e, const ScopePtr& scope);
  Value eval_test(const Expression& e, const ScopePtr& scope);
  Value eval_compound(const Expression& e, const ScopePtr& scope);
  Arguments eval_arguments(const CallArguments& arguments, const ScopePtr& scope);

  std::tm now_;
  int line_ = 1;
  std::string* out_ = nullptr;
  std::vector<Value> block_texts_;  // what the filters of blocks are applied to
  std::vector<std::shared_ptr<Object>> kept_;
};

}  // namespace rocmforge::text::jinja
