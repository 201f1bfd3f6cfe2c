// A parsed template.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/function.h"
#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr star, star_star;  // *args and **kwargs, or null
};

enum class ExpressionKind {
  kConstant,     // constant
  kName,         // name
  kList,         // children
  kTuple,        // children
  kDict,         // children: key, value, key, value, ...
  kAttribute,    // children[0].name
  kItem,         // children[0][children[1]]
  kSlice,        // children[0][children[1]:children[2]:children[3]], null where left out
  kCall,         // children[0](arguments)
  kFilter,       // children[0] | name(arguments); children[0] is null for the text of a block
  kTest,         // children[0] is name(arguments)
  kNot,          // children[0]
  kNegative,     // children[0]
  kPositive,     // children[0]
  kAnd,          // children[0], children[1]
  kOr,           // children[0], children[1]
  kBinary,       // children[0] binary_op children[1]
  kConcat,       // children, joined by ~
  kComparison,   // children[0] comparisons[0] children[1] comparisons[1] children[2] ...
  kConditional,  // children[1] if children[0] else children[2], which may be null
  kNamespaceRef  // name.attribute, to be assigned
};

struct Expression {
  ExpressionKind kind;
  int line;
  int height = 1;  // of its tree, which is limited
  std::string name, attribute;
  Value constant;
  std::vector<ExpressionPtr> children;
  CallArguments arguments;
  BinaryOp binary_op = BinaryOp::kAdd;
  std::vector<CompareOp> comparisons;
  Builtin filter = nullptr;  // null when there is none of that name
  Test test = nullptr;
};

struct Statement;
using StatementPtr = std::unique_ptr<Statement>;
using Block = std::vector<StatementPtr>;

struct Signature {
  std::vector<std::string> names;
  std::vector<ExpressionPtr> defaults;  // of the last names
  // Whether the body uses the names that a macro has without declaring them.
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
};

enum class StatementKind {
  kText,         // text
  kPrint,        // value
  kIf,           // branches, then otherwise
  kFor,          // target, value, test (or null), recursive, body, otherwise
  kSet,          // target = value
  kSetBlock,     // target = body, through value (a filter, or null)
  kMacro,        // name, signature, body
  kCallBlock,    // value (a call), signature, body
  kFilterBlock,  // value (a filter), body
  kWith,         // bindings, body
  kScope,        // body
  kBreak,
  kContinue
};

struct Statement {
  StatementKind kind;
  int line;
  std::string text, name;
  ExpressionPtr target, value, test;
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> bindings;
  Signature signature;
  bool recursive = false;
  Block body, otherwise;
};

// Throws SyntaxError.
Block parse(std::string_view source);

class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(int at, const std::string& message, bool is_unsupported = false)
      : std::runtime_error(message), line(at), unsupported(is_unsupported) {}
  int line;
  bool unsupported;  // well-formed, but not to be had here
};

}  // namespace rocmforge::text::jinja
