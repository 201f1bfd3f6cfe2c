#include <algorithm>

#include "text/jinja/parser.h"

namespace rocmforge::text::jinja {
namespace {

// Brackets within brackets, and operators in a row: python's own compiler ends near there.
constexpr int kMaxHeight = 400;

}  // namespace

ExpressionPtr Parser::make(ExpressionKind kind, int line) {
  auto e = std::make_unique<Expression>();
  e->kind = kind;
  e->line = line;
  return e;
}

ExpressionPtr Parser::make(ExpressionKind kind, int line, ExpressionPtr a, ExpressionPtr b) {
  ExpressionPtr e = make(kind, line);
  e->children.push_back(std::move(a));
  if (b) e->children.push_back(std::move(b));
  return e;
}

ExpressionPtr Parser::constant(int line, Value value) {
  ExpressionPtr e = make(ExpressionKind::kConstant, line);
  e->constant = std::move(value);
  return e;
}

ExpressionPtr Parser::finish(ExpressionPtr e) const {
  int height = 0;
  const auto include = [&](const ExpressionPtr& part) {
    if (part) height = std::max(height, part->height);
  };
  for (const ExpressionPtr& child : e->children) include(child);
  for (const ExpressionPtr& argument : e->arguments.positional) include(argument);
  for (const auto& [name, argument] : e->arguments.named) include(argument);
  include(e->arguments.star);
  include(e->arguments.star_star);
  e->height = height + 1;
  if (e->height > kMaxHeight) {
    throw SyntaxError(e->line,
                      "an expression nests deeper than " + std::to_string(kMaxHeight) + " levels");
  }
  return e;
}

ExpressionPtr Parser::expression(bool conditional) {
  const Level level(*this);
  ExpressionPtr e = disjunction();
  while (conditional && at_name("if")) {
    const int line = take().line;
    ExpressionPtr condition = disjunction();
    ExpressionPtr otherwise = skip_name("else") ? expression() : nullptr;
    e = make(ExpressionKind::kConditional, line, std::move(condition), std::move(e));
    e->children.push_back(std::move(otherwise));
    e = finish(std::move(e));
  }
  return e;
}

ExpressionPtr Parser::disjunction() {
  ExpressionPtr left = conjunction();
  while (at_name("or")) {
    const int line = take().line;
    left = finish(make(ExpressionKind::kOr, line, std::move(left), conjunction()));
  }
  return left;
}

ExpressionPtr Parser::conjunction() {
  ExpressionPtr left = negation();
  while (at_name("and")) {
    const int line = take().line;
    left = finish(make(ExpressionKind::kAnd, line, std::move(left), negation()));
  }
  return left;
}

ExpressionPtr Parser::negation() {
  if (!at_name("not")) return comparison();
  const Level level(*this);
  const int line = take().line;
  return finish(make(ExpressionKind::kNot, line, negation()));
}

ExpressionPtr Parser::comparison() {
  struct Operator {
    std::string_view text;
    CompareOp op;
  };
  static constexpr Operator kOperators[] = {{"==", CompareOp::kEq}, {"!=", CompareOp::kNe},
                                            {"<", CompareOp::kLt},  {"<=", CompareOp::kLe},
                                            {">", CompareOp::kGt},  {">=", CompareOp::kGe}};
  const int line = token().line;
  ExpressionPtr first = sum();
  ExpressionPtr chain;
  while (true) {
    const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                     [&](const Operator& o) { return at_op(o.text); });
    CompareOp op = CompareOp::kIn;
    if (found != std::end(kOperators)) {
      op = found->op;
    } else if (at_name("not") && look().type == TokenType::kName && look().text == "in") {
      op = CompareOp::kNotIn;
      take();
    } else if (!at_name("in")) {
      break;
    }
    take();
    if (!chain) chain = make(ExpressionKind::kComparison, line, std::move(first));
    chain->comparisons.push_back(op);
    chain->children.push_back(sum());
  }
  return chain ? finish(std::move(chain)) : std::move(first);
}

ExpressionPtr Parser::sum() {
  ExpressionPtr left = concatenation();
  while (at_op("+") || at_op("-")) {
    const BinaryOp op = at_op("+") ? BinaryOp::kAdd : BinaryOp::kSub;
    const int line = take().line;
    left = make(ExpressionKind::kBinary, line, std::move(left), concatenation());
    left->binary_op = op;
    left = finish(std::move(left));
  }
  return left;
}

ExpressionPtr Parser::concatenation() {
  ExpressionPtr first = product();
  if (!at_op("~")) return first;
  ExpressionPtr e = make(ExpressionKind::kConcat, token().line, std::move(first));
  while (skip_op("~")) e->children.push_back(product());
  return finish(std::move(e));
}

ExpressionPtr Parser::product() {
  ExpressionPtr left = power();
  while (at_op("*") || at_op("/") || at_op("//") || at_op("%")) {
    const Token op = take();
    left = make(ExpressionKind::kBinary, op.line, std::move(left), power());
    left->binary_op = op.text == "*"    ? BinaryOp::kMul
                      : op.text == "/"  ? BinaryOp::kDiv
                      : op.text == "//" ? BinaryOp::kFloorDiv
                                        : BinaryOp::kMod;
    left = finish(std::move(left));
  }
  return left;
}

// Unlike python's, to the left: 2**3**2 is 64.
ExpressionPtr Parser::power() {
  ExpressionPtr left = unary();
  while (at_op("**")) {
    const int line = take().line;
    left = make(ExpressionKind::kBinary, line, std::move(left), unary());
    left->binary_op = BinaryOp::kPow;
    left = finish(std::move(left));
  }
  return left;
}

ExpressionPtr Parser::unary(bool with_filter) {
  const Level level(*this);
  ExpressionPtr e;
  if (at_op("-") || at_op("+")) {
    const Token sign = take();
    e = finish(make(sign.text == "-" ? ExpressionKind::kNegative : ExpressionKind::kPositive,
                    sign.line, unary(false)));
  } else {
    e = primary();
  }
  e = postfix(std::move(e));
  return with_filter ? filtered(std::move(e)) : std::move(e);
}

ExpressionPtr Parser::number() {
  const Token t = take();
  try {
    if (t.type == TokenType::kFloat) return constant(t.line, Value::number(*parse_float(t.text)));
    const std::optional<Int> value = parse_int(t.text, 0);
    if (!value) throw SyntaxError(t.line, "'" + t.text + "' is no number");
    return constant(t.line, Value::integer(*value));
  } catch (const Failure& failure) {
    throw SyntaxError(t.line, failure.what());
  }
}

ExpressionPtr Parser::primary() {
  const int line = token().line;
  switch (token().type) {
    case TokenType::kName: {
      const std::string name = take().text;
      if (name == "true" || name == "True") return constant(line, Value::boolean(true));
      if (name == "false" || name == "False") return constant(line, Value::boolean(false));
      if (name == "none" || name == "None") return constant(line, Value::none());
      ExpressionPtr e = make(ExpressionKind::kName, line);
      e->name = name;
      note_use(name);
      return e;
    }
    case TokenType::kString: {
      std::string text = take().text;
      while (at(TokenType::kString)) text += take().text;
      return constant(line, Value::string(std::move(text)));
    }
    case TokenType::kInteger:
    case TokenType::kFloat:
      return number();
    default:
      break;
  }
  if (skip_op("(")) {
    ExpressionPtr e = tuple(TupleOf::kExpressions, true);
    expect_op(")");
    return e;
  }
  if (at_op("[")) return list();
  if (at_op("{")) return dict();
  fail_unexpected("an expression");
}

ExpressionPtr Parser::tuple(TupleOf of, bool parenthesized, std::string_view end_name) {
  const int line = token().line;
  std::vector<ExpressionPtr> parts;
  bool is_tuple = false;
  while (true) {
    if (!parts.empty()) expect_op(",");
    const bool ends = at(TokenType::kPrintEnd) || at(TokenType::kBlockEnd) || at_op(")") ||
                      (!end_name.empty() && at_name(end_name));
    if (ends) break;
    parts.push_back(of == TupleOf::kPrimaries ? primary()
                                              : expression(of == TupleOf::kExpressions));
    if (!at_op(",")) break;
    is_tuple = true;
  }
  if (!is_tuple) {
    if (!parts.empty()) return std::move(parts[0]);
    if (!parenthesized) fail_unexpected("an expression");
  }
  ExpressionPtr e = make(ExpressionKind::kTuple, line);
  e->children = std::move(parts);
  return finish(std::move(e));
}

ExpressionPtr Parser::list() {
  ExpressionPtr e = make(ExpressionKind::kList, take().line);
  while (!at_op("]")) {
    if (!e->children.empty()) expect_op(",");
    if (at_op("]")) break;
    e->children.push_back(expression());
  }
  expect_op("]");
  return finish(std::move(e));
}

ExpressionPtr Parser::dict() {
  ExpressionPtr e = make(ExpressionKind::kDict, take().line);
  while (!at_op("}")) {
    if (!e->children.empty()) expect_op(",");
    if (at_op("}")) break;
    e->children.push_back(expression());
    expect_op(":");
    e->children.push_back(expression());
  }
  expect_op("}");
  return finish(std::move(e));
}

ExpressionPtr Parser::postfix(ExpressionPtr e) {
  while (true) {
    if (at_op(".") || at_op("[")) {
      e = subscript(std::move(e));
    } else if (at_op("(")) {
      e = call(std::move(e));
    } else {
      return e;
    }
  }
}

ExpressionPtr Parser::filtered(ExpressionPtr e) {
  while (true) {
    if (at_op("|")) {
      e = filter(std::move(e));
    } else if (at_name("is")) {
      e = test(std::move(e));
    } else if (at_op("(")) {
      e = call(std::move(e));
    } else {
      return e;
    }
  }
}

ExpressionPtr Parser::subscript(ExpressionPtr e) {
  const Token opening = take();
  if (opening.text == ".") {
    if (at(TokenType::kName)) {
      e = make(ExpressionKind::kAttribute, opening.line, std::move(e));
      e->name = take().text;
      return finish(std::move(e));
    }
    if (!at(TokenType::kInteger)) fail_unexpected("a name or number");
    return finish(make(ExpressionKind::kItem, opening.line, std::move(e), number()));
  }
  const Level level(*this);
  e = slice_or_item(std::move(e), opening.line);
  expect_op("]");
  return finish(std::move(e));
}

ExpressionPtr Parser::slice_or_item(ExpressionPtr e, int line) {
  ExpressionPtr first = at_op(":") ? nullptr : expression();
  if (!at_op(":")) {
    if (!at_op(",")) return make(ExpressionKind::kItem, line, std::move(e), std::move(first));
    ExpressionPtr key = make(ExpressionKind::kTuple, line, std::move(first));
    while (skip_op(",")) {
      if (!at_op("]")) key->children.push_back(expression());
    }
    return make(ExpressionKind::kItem, line, std::move(e), finish(std::move(key)));
  }
  ExpressionPtr sliced = make(ExpressionKind::kSlice, line, std::move(e));
  sliced->children.push_back(std::move(first));
  for (int part = 0; part < 2; ++part) {
    const bool given = skip_op(":") && !at_op(":") && !at_op("]");
    sliced->children.push_back(given ? expression() : nullptr);
  }
  return sliced;
}

CallArguments Parser::call_arguments() {
  const Level level(*this);
  const int line = token().line;
  CallArguments out;
  const auto need = [&](bool holds) {
    if (!holds) throw SyntaxError(line, "invalid syntax for function call expression");
  };
  expect_op("(");
  for (bool first = true; !at_op(")"); first = false) {
    if (!first) expect_op(",");
    if (at_op(")")) break;
    if (skip_op("*")) {
      need(!out.star && !out.star_star);
      out.star = expression();
    } else if (skip_op("**")) {
      need(!out.star_star);
      out.star_star = expression();
    } else if (at(TokenType::kName) && look().type == TokenType::kOperator && look().text == "=") {
      need(!out.star_star);
      std::string name = take().text;
      take();
      out.named.emplace_back(std::move(name), expression());
    } else {
      need(!out.star && !out.star_star && out.named.empty());
      out.positional.push_back(expression());
    }
  }
  expect_op(")");
  return out;
}

ExpressionPtr Parser::call(ExpressionPtr e) {
  ExpressionPtr out = make(ExpressionKind::kCall, token().line, std::move(e));
  out->arguments = call_arguments();
  return finish(std::move(out));
}

std::string Parser::dotted_name() {
  std::string name = expect_name();
  while (skip_op(".")) {
    name += '.';
    name += expect_name();
  }
  return name;
}

ExpressionPtr Parser::filter(ExpressionPtr e, bool at_its_name) {
  while (at_op("|") || at_its_name) {
    if (!at_its_name) take();
    at_its_name = false;
    ExpressionPtr out = make(ExpressionKind::kFilter, token().line, std::move(e));
    out->name = dotted_name();
    out->filter = find_filter(out->name);
    if (at_op("(")) out->arguments = call_arguments();
    e = finish(std::move(out));
  }
  return e;
}

ExpressionPtr Parser::test(ExpressionPtr e) {
  const int line = take().line;
  const bool negated = skip_name("not");
  ExpressionPtr out = make(ExpressionKind::kTest, line, std::move(e));
  out->name = dotted_name();
  out->test = find_test(out->name);
  if (at_op("(")) {
    out->arguments = call_arguments();
  } else if (at_name("is")) {
    fail_here("You cannot chain multiple tests with is");
  } else if (at(TokenType::kName) || at(TokenType::kString) || at(TokenType::kInteger) ||
             at(TokenType::kFloat) || at_op("[") || at_op("{")) {
    if (!at_any_name({"else", "or", "and"})) {
      const Level level(*this);
      out->arguments.positional.push_back(postfix(primary()));
    }
  }
  out = finish(std::move(out));
  return negated ? finish(make(ExpressionKind::kNot, line, std::move(out))) : std::move(out);
}

}  // namespace rocmforge::text::jinja
