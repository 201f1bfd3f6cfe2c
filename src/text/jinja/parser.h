// The grammar of templates. Expressions are in parse_expression.cpp, statements in parser.cpp.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

namespace rocmforge::text::jinja {

class Parser {
 public:
  explicit Parser(std::string_view source) : tokens_(tokenize(source)) {}
  Block parse();

 private:
  // Levels of brackets, statements and the like within one another.
  class Level {
   public:
    explicit Level(Parser& parser);
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  const Token& token() const { return tokens_[next_]; }
  const Token& look() const { return tokens_[std::min(next_ + 1, tokens_.size() - 1)]; }
  const Token& take();
  bool at(TokenType type) const { return token().type == type; }
  bool at_op(std::string_view op) const { return at(TokenType::kOperator) && token().text == op; }
  bool at_name(std::string_view name) const { return at(TokenType::kName) && token().text == name; }
  bool at_any_name(std::initializer_list<std::string_view> names) const;
  bool skip_op(std::string_view op);
  bool skip_name(std::string_view name);
  void expect_op(std::string_view op);
  std::string expect_name();
  void expect(TokenType type, std::string_view what);
  [[noreturn]] void fail_here(const std::string& message) const;
  [[noreturn]] void fail_unexpected(std::string_view wanted) const;

  // Expressions.
  static ExpressionPtr make(ExpressionKind kind, int line);
  static ExpressionPtr make(ExpressionKind kind, int line, ExpressionPtr a,
                            ExpressionPtr b = nullptr);
  static ExpressionPtr constant(int line, Value value);
  // Sets its height from its parts', and checks it.
  ExpressionPtr finish(ExpressionPtr e) const;
  ExpressionPtr expression(bool conditional = true);
  ExpressionPtr disjunction();
  ExpressionPtr conjunction();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filter = true);
  ExpressionPtr primary();
  ExpressionPtr number();
  enum class TupleOf { kExpressions, kUnconditional, kPrimaries };
  ExpressionPtr tuple(TupleOf of, bool parenthesized = false, std::string_view end_name = {});
  ExpressionPtr list();
  ExpressionPtr dict();
  ExpressionPtr postfix(ExpressionPtr e);
  ExpressionPtr filtered(ExpressionPtr e);
  ExpressionPtr subscript(ExpressionPtr e);
  ExpressionPtr slice_or_item(ExpressionPtr e, int line);
  ExpressionPtr call(ExpressionPtr e);
  ExpressionPtr filter(ExpressionPtr e, bool at_its_name = false);
  ExpressionPtr test(ExpressionPtr e);
  CallArguments call_arguments();
  std::string dotted_name();

  // Statements.
  Block block(std::initializer_list<std::string_view> ends);
  // Behind the tag's own parts: its end, then the statements up to one of `ends`, which is next.
  Block body(std::initializer_list<std::string_view> ends);
  Block body_to(std::string_view end);  // takes the end tag's name as well
  StatementPtr statement();
  StatementPtr if_statement();
  StatementPtr for_statement();
  StatementPtr set_statement();
  StatementPtr macro_statement();
  StatementPtr call_statement();
  StatementPtr filter_statement();
  StatementPtr with_statement();
  StatementPtr jump_statement(StatementKind kind);
  void print_statement(Block& out, bool may_be_tuple);
  ExpressionPtr assign_target(bool with_namespace, std::string_view end_name = {});
  void check_target(const Expression& target) const;
  Signature signature();
  void parse_callable_body(Statement& s, std::string_view end);
  // Says which names of macros' own a name that is read belongs to.
  void note_use(const std::string& name);

  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  int depth_ = 0;
  int loops_ = 0;  // around this place, within the macro
  std::vector<Signature*> callables_;
  std::vector<std::string> open_tags_;
};

}  // namespace rocmforge::text::jinja
