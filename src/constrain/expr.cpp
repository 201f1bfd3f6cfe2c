#include "constrain/expr.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rocmforge::constrain {

Builder::Builder(std::string place, GrammarLimits limits)
    : place_(std::move(place)), limits_(limits) {
  nodes_ = {{Kind::kEmpty}, {Kind::kNever}};
}

Expr Builder::add(Node node) {
  if (nodes_.size() >= limits_.max_exprs) {
    throw Error(ErrorCode::kInvalidArgument, "[constrain] " + place_ +
                                                 ": is too large: more than " +
                                                 std::to_string(limits_.max_exprs) + " parts");
  }
  nodes_.push_back(node);
  return static_cast<Expr>(nodes_.size() - 1);
}

Expr Builder::empty() {
  return 0;
}
Expr Builder::never() {
  return 1;
}

Expr Builder::literal(std::string_view bytes) {
  if (bytes.empty()) return empty();
  literals_.emplace_back(bytes);
  return add({Kind::kLiteral, static_cast<std::uint32_t>(literals_.size() - 1)});
}

Expr Builder::chars(const CharSet& set) {
  if (set.empty()) return never();
  sets_.push_back(set);
  return add({Kind::kChars, static_cast<std::uint32_t>(sets_.size() - 1)});
}

Expr Builder::seq(std::vector<Expr> parts) {
  std::erase(parts, empty());
  for (const Expr part : parts) {
    if (is_never(part)) return never();
  }
  if (parts.empty()) return empty();
  if (parts.size() == 1) return parts[0];
  const auto begin = static_cast<std::uint32_t>(parts_.size());
  parts_.insert(parts_.end(), parts.begin(), parts.end());
  return add({Kind::kSeq, begin, static_cast<std::uint32_t>(parts.size())});
}

Expr Builder::alt(std::vector<Expr> parts) {
  std::erase(parts, never());
  if (parts.empty()) return never();
  if (parts.size() == 1) return parts[0];
  const auto begin = static_cast<std::uint32_t>(parts_.size());
  parts_.insert(parts_.end(), parts.begin(), parts.end());
  return add({Kind::kAlt, begin, static_cast<std::uint32_t>(parts.size())});
}

Expr Builder::repeat(Expr body, std::uint32_t min, std::uint32_t max) {
  if (min > max) return never();
  if (max == 0 || body == empty()) return empty();
  if (is_never(body)) return min == 0 ? empty() : never();
  if (min == 1 && max == 1) return body;
  return add({Kind::kRepeat, body, min, max});
}

Expr Builder::call(RuleId rule) {
  return add({Kind::kCall, rule});
}

RuleId Builder::declare(std::string name, bool nests) {
  rules_.push_back({std::move(name), never(), nests, false});
  return static_cast<RuleId>(rules_.size() - 1);
}

void Builder::define(RuleId rule, Expr expr) {
  check(rule < rules_.size() && !rules_[rule].defined, "a rule is defined once");
  rules_[rule].expr = expr;
  rules_[rule].defined = true;
}

RuleId Builder::rule(std::string name, Expr expr, bool nests) {
  const RuleId id = declare(std::move(name), nests);
  define(id, expr);
  return id;
}

}  // namespace rocmforge::constrain
