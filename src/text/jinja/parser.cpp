#include "text/jinja/parser.h"

#include <algorithm>

namespace rocmforge::text::jinja {
namespace {

constexpr int kMaxDepth = 200;  // of the source, statements and brackets together

std::string describe(const Token& t) {
  switch (t.type) {
    case TokenType::kData:
      return "text of the template";
    case TokenType::kPrintBegin:
      return "'{{'";
    case TokenType::kPrintEnd:
      return "'}}'";
    case TokenType::kBlockBegin:
      return "'{%'";
    case TokenType::kBlockEnd:
      return "'%}'";
    case TokenType::kString:
      return "a string";
    case TokenType::kEnd:
      return "the end of the template";
    default:
      return "'" + t.text.substr(0, 60) + "'";
  }
}

StatementPtr make_statement(StatementKind kind, int line) {
  auto s = std::make_unique<Statement>();
  s->kind = kind;
  s->line = line;
  return s;
}

// Tags of jinja, or of its extensions, that chat templates have no use for.
bool is_refused(std::string_view tag) {
  constexpr std::string_view kRefused[] = {"include",    "import", "from", "extends", "block",
                                           "autoescape", "trans",  "do",   "debug"};
  return std::find(std::begin(kRefused), std::end(kRefused), tag) != std::end(kRefused);
}

}  // namespace

Parser::Level::Level(Parser& parser) : parser_(parser) {
  if (parser_.depth_ >= kMaxDepth) {
    parser_.fail_here("nests deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  ++parser_.depth_;
}

Block parse(std::string_view source) {
  return Parser(source).parse();
}

const Token& Parser::take() {
  const Token& t = tokens_[next_];
  if (t.type != TokenType::kEnd) ++next_;
  return t;
}

bool Parser::at_any_name(std::initializer_list<std::string_view> names) const {
  return at(TokenType::kName) && std::find(names.begin(), names.end(), token().text) != names.end();
}

bool Parser::skip_op(std::string_view op) {
  if (!at_op(op)) return false;
  take();
  return true;
}

bool Parser::skip_name(std::string_view name) {
  if (!at_name(name)) return false;
  take();
  return true;
}

void Parser::expect_op(std::string_view op) {
  if (!skip_op(op)) fail_unexpected("'" + std::string(op) + "'");
}

std::string Parser::expect_name() {
  if (!at(TokenType::kName)) fail_unexpected("a name");
  return take().text;
}

void Parser::expect(TokenType type, std::string_view what) {
  if (!at(type)) fail_unexpected(what);
  take();
}

void Parser::fail_here(const std::string& message) const {
  throw SyntaxError(token().line, message);
}

void Parser::fail_unexpected(std::string_view wanted) const {
  std::string message = "expected " + std::string(wanted) + ", found " + describe(token());
  if (at(TokenType::kEnd) && !open_tags_.empty()) {
    message += "; the tag '" + open_tags_.back() + "' is still open";
  }
  fail_here(message);
}

Block Parser::parse() {
  Block out = block({});
  if (!at(TokenType::kEnd)) fail_unexpected("the end of the template");
  return out;
}

void Parser::print_statement(Block& out, bool may_be_tuple) {
  StatementPtr s = make_statement(StatementKind::kPrint, token().line);
  s->value = may_be_tuple ? tuple(TupleOf::kExpressions) : expression();
  out.push_back(std::move(s));
}

Block Parser::block(std::initializer_list<std::string_view> ends) {
  const Level level(*this);
  Block out;
  while (!at(TokenType::kEnd)) {
    if (at(TokenType::kData)) {
      StatementPtr s = make_statement(StatementKind::kText, token().line);
      s->text = take().text;
      out.push_back(std::move(s));
    } else if (at(TokenType::kPrintBegin)) {
      take();
      print_statement(out, true);
      expect(TokenType::kPrintEnd, "'}}'");
    } else {
      expect(TokenType::kBlockBegin, "a tag");
      if (at_any_name(ends)) return out;
      if (skip_name("print")) {
        while (!at(TokenType::kBlockEnd)) {
          print_statement(out, false);
          if (!at(TokenType::kBlockEnd)) expect_op(",");
        }
      } else {
        out.push_back(statement());
      }
      expect(TokenType::kBlockEnd, "'%}'");
    }
  }
  if (ends.size() > 0) fail_unexpected("'" + std::string(*ends.begin()) + "'");
  return out;
}

Block Parser::body(std::initializer_list<std::string_view> ends) {
  skip_op(":");
  expect(TokenType::kBlockEnd, "'%}'");
  return block(ends);
}

Block Parser::body_to(std::string_view end) {
  Block out = body({end});
  take();
  return out;
}

StatementPtr Parser::statement() {
  if (!at(TokenType::kName)) fail_unexpected("a tag's name");
  const std::string tag = token().text;
  const int line = token().line;
  open_tags_.push_back(tag);
  StatementPtr s;
  if (tag == "if") {
    s = if_statement();
  } else if (tag == "for") {
    s = for_statement();
  } else if (tag == "set") {
    s = set_statement();
  } else if (tag == "macro") {
    s = macro_statement();
  } else if (tag == "call") {
    s = call_statement();
  } else if (tag == "filter") {
    s = filter_statement();
  } else if (tag == "with") {
    s = with_statement();
  } else if (tag == "break") {
    s = jump_statement(StatementKind::kBreak);
  } else if (tag == "continue") {
    s = jump_statement(StatementKind::kContinue);
  } else if (tag == "generation") {
    take();
    s = make_statement(StatementKind::kScope, line);
    const int loops = std::exchange(loops_, 0);
    s->body = body_to("endgeneration");
    loops_ = loops;
  } else if (is_refused(tag)) {
    throw SyntaxError(line, "the tag '" + tag + "' is not supported in chat templates", true);
  } else {
    open_tags_.pop_back();
    std::string message = "unknown tag '" + tag.substr(0, 60) + "'";
    if (!open_tags_.empty()) message += "; the tag '" + open_tags_.back() + "' is open";
    fail_here(message);
  }
  open_tags_.pop_back();
  return s;
}

StatementPtr Parser::if_statement() {
  StatementPtr s = make_statement(StatementKind::kIf, token().line);
  do {
    take();
    ExpressionPtr condition = tuple(TupleOf::kUnconditional);
    s->branches.emplace_back(std::move(condition), body({"elif", "else", "endif"}));
  } while (at_name("elif"));
  if (take().text == "else") s->otherwise = body_to("endif");
  return s;
}

StatementPtr Parser::for_statement() {
  StatementPtr s = make_statement(StatementKind::kFor, take().line);
  s->target = assign_target(false, "in");
  if (!skip_name("in")) fail_unexpected("'in'");
  s->value = tuple(TupleOf::kUnconditional, false, "recursive");
  if (skip_name("if")) s->test = expression();
  s->recursive = skip_name("recursive");
  ++loops_;
  s->body = body({"endfor", "else"});
  --loops_;
  if (take().text == "else") s->otherwise = body_to("endfor");
  return s;
}

StatementPtr Parser::jump_statement(StatementKind kind) {
  StatementPtr s = make_statement(kind, token().line);
  if (loops_ == 0) fail_here("'" + token().text + "' outside of a loop");
  take();
  return s;
}

StatementPtr Parser::set_statement() {
  const int line = take().line;
  ExpressionPtr target = assign_target(true);
  StatementPtr s;
  if (skip_op("=")) {
    s = make_statement(StatementKind::kSet, line);
    s->value = tuple(TupleOf::kExpressions);
  } else {
    s = make_statement(StatementKind::kSetBlock, line);
    s->value = filter(nullptr);
    s->body = body_to("endset");
  }
  s->target = std::move(target);
  return s;
}

void Parser::check_target(const Expression& target) const {
  switch (target.kind) {
    case ExpressionKind::kNamespaceRef:
      return;
    case ExpressionKind::kName:
      if (target.name != "loop") return;
      throw SyntaxError(target.line, "can't assign to 'loop'");
    case ExpressionKind::kTuple:
    case ExpressionKind::kList:
      for (const ExpressionPtr& part : target.children) check_target(*part);
      return;
    default:
      throw SyntaxError(target.line, "can't assign to an expression");
  }
}

ExpressionPtr Parser::assign_target(bool with_namespace, std::string_view end_name) {
  if (with_namespace && at(TokenType::kName) && look().type == TokenType::kOperator &&
      look().text == ".") {
    ExpressionPtr ref = make(ExpressionKind::kNamespaceRef, token().line);
    ref->name = take().text;
    take();
    ref->attribute = expect_name();
    return ref;
  }
  ExpressionPtr target = tuple(TupleOf::kPrimaries, false, end_name);
  check_target(*target);
  return target;
}

Signature Parser::signature() {
  Signature out;
  expect_op("(");
  while (!at_op(")")) {
    if (!out.names.empty()) expect_op(",");
    out.names.push_back(expect_name());
    if (skip_op("=")) {
      out.defaults.push_back(expression());
    } else if (!out.defaults.empty()) {
      fail_here("non-default argument follows default argument");
    }
  }
  expect_op(")");
  return out;
}

void Parser::note_use(const std::string& name) {
  if (name != "caller" && name != "kwargs" && name != "varargs") return;
  for (Signature* s : callables_) {
    if (std::find(s->names.begin(), s->names.end(), name) != s->names.end()) continue;
    s->uses_caller |= name == "caller";
    s->uses_kwargs |= name == "kwargs";
    s->uses_varargs |= name == "varargs";
  }
}

void Parser::parse_callable_body(Statement& s, std::string_view end) {
  callables_.push_back(&s.signature);
  const int loops = std::exchange(loops_, 0);
  s.body = body_to(end);
  loops_ = loops;
  callables_.pop_back();
}

StatementPtr Parser::macro_statement() {
  StatementPtr s = make_statement(StatementKind::kMacro, take().line);
  s->name = expect_name();
  s->signature = signature();
  parse_callable_body(*s, "endmacro");
  return s;
}

StatementPtr Parser::call_statement() {
  StatementPtr s = make_statement(StatementKind::kCallBlock, take().line);
  if (at_op("(")) s->signature = signature();
  s->value = expression();
  if (s->value->kind != ExpressionKind::kCall) throw SyntaxError(s->line, "expected call");
  parse_callable_body(*s, "endcall");
  return s;
}

StatementPtr Parser::filter_statement() {
  StatementPtr s = make_statement(StatementKind::kFilterBlock, take().line);
  s->value = filter(nullptr, true);
  s->body = body_to("endfilter");
  return s;
}

StatementPtr Parser::with_statement() {
  StatementPtr s = make_statement(StatementKind::kWith, take().line);
  while (!at(TokenType::kBlockEnd)) {
    if (!s->bindings.empty()) expect_op(",");
    ExpressionPtr target = assign_target(false);
    expect_op("=");
    s->bindings.emplace_back(std::move(target), expression());
  }
  s->body = body_to("endwith");
  return s;
}

}  // namespace rocmforge::text::jinja
