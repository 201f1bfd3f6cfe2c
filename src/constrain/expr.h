// What a notation is read into: expressions over bytes, and rules that call each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "constrain/char_set.h"

namespace rocmforge::constrain {

class Grammar;

using Expr = std::uint32_t;  // of one Builder
using RuleId = std::uint32_t;
inline constexpr std::uint32_t kUnbounded = 0xffffffff;

// Limits of a grammar. What exceeds one is refused, as kInvalidArgument.
struct GrammarLimits {
  std::size_t max_exprs = 1'000'000;  // in the builder
  std::size_t max_states = 400'000;   // of the automaton
  std::size_t max_edges = 2'000'000;
  // Rules that nest (Builder::declare) may be open in each other so deep; a text is never led
  // where it would have to go deeper.
  std::uint32_t max_depth = 256;
};

class Builder {
 public:
  // `place` opens the messages: "grammar", "schema".
  explicit Builder(std::string place, GrammarLimits limits = {});

  Expr empty();  // the empty text
  Expr never();  // no text at all
  Expr literal(std::string_view bytes);
  Expr chars(const CharSet& set);  // one character
  Expr seq(std::vector<Expr> parts);
  Expr alt(std::vector<Expr> parts);
  Expr repeat(Expr body, std::uint32_t min, std::uint32_t max);  // max may be kUnbounded
  Expr optional(Expr body) { return repeat(body, 0, 1); }
  Expr call(RuleId rule);

  // `name` is for messages. Rules that nest count towards max_depth.
  RuleId declare(std::string name, bool nests);
  void define(RuleId rule, Expr expr);
  RuleId rule(std::string name, Expr expr, bool nests = false);

  // Compiles. Error{kInvalidArgument} naming a rule that is left recursive or can never end, or
  // the limit that is exceeded; kUnsupported for a repetition that cannot be counted.
  std::shared_ptr<const Grammar> build(RuleId root) const;

  bool is_never(Expr e) const { return nodes_[e].kind == Kind::kNever; }

 private:
  friend class Compiler;
  enum class Kind : std::uint8_t { kEmpty, kNever, kLiteral, kChars, kSeq, kAlt, kRepeat, kCall };
  struct Node {
    Kind kind;
    std::uint32_t a = 0, b = 0, c = 0;  // body, min, max; rule; index of literal or set; parts
  };
  struct Rule {
    std::string name;
    Expr expr;
    bool nests, defined;
  };
  Expr add(Node node);

  std::string place_;
  GrammarLimits limits_;
  std::vector<Node> nodes_;
  std::vector<Expr> parts_;  // of kSeq and kAlt: [a, a + b)
  std::vector<std::string> literals_;
  std::vector<CharSet> sets_;
  std::vector<Rule> rules_;
};

}  // namespace rocmforge::constrain
