// llama.cpp's notation of grammars.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "constrain/grammar.h"
#include "text/utf8.h"

namespace rocmforge::constrain {
namespace {

constexpr std::uint32_t kMostRepeats = 1'000'000;
constexpr int kMostNested = 100;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

class GbnfParser {
 public:
  explicit GbnfParser(std::string_view text) : text_(text), to_("grammar") {
    if (text.size() > kMostBytes) wrong("is longer than 1 MiB");
    const std::size_t bad = text::find_invalid_utf8(text);
    if (bad == std::string_view::npos) return;
    at_ = bad;
    wrong("is not UTF-8");
  }

  std::shared_ptr<const Grammar> parse() {
    for (space(true); !at_end(); space(true)) rule();
    for (const auto& [name, rule] : rules_) {
      if (rule.defined) continue;
      at_ = rule.first_use;
      wrong("rule '" + name + "' is not defined");
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) wrong("there is no rule 'root'");
    return to_.build(root->second.id);
  }

 private:
  struct Rule {
    RuleId id;
    bool defined = false;
    std::size_t first_use = 0;
  };

  [[noreturn]] void fail(ErrorCode code, const std::string& what) const {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n' ? 1 : 0;
    }
    throw Error(code, "[constrain] grammar: line " + std::to_string(line) + ", column " +
                          std::to_string(column) + ": " + what);
  }
  [[noreturn]] void wrong(const std::string& what) const {
    fail(ErrorCode::kInvalidArgument, what);
  }
  bool at_end() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view s) {
    if (!text_.substr(at_).starts_with(s)) return false;
    at_ += s.size();
    return true;
  }

  // Blanks and comments; and line ends, where a rule goes on or has ended.
  void space(bool lines) {
    for (; !at_end(); ++at_) {
      const char c = peek();
      if (c == '#') {
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n' && text_[at_ + 1] != '\r') ++at_;
      } else if (c != ' ' && c != '\t' && !(lines && (c == '\n' || c == '\r'))) {
        return;
      }
    }
  }

  std::string name() {
    const std::size_t begin = at_;
    while (!at_end() && is_name(peek())) ++at_;
    if (at_ == begin) wrong("a rule's name is expected here");
    return std::string(text_.substr(begin, at_ - begin));
  }

  Rule& rule_of(const std::string& name, std::size_t at) {
    const auto [found, is_new] = rules_.try_emplace(name);
    if (is_new) {
      std::string shown = "rule '";
      shown.append(name).append("'");
      found->second = {.id = to_.declare(std::move(shown), true), .first_use = at};
    }
    return found->second;
  }

  void rule() {
    const std::size_t begin = at_;
    const std::string its_name = name();
    space(false);
    if (!take("::=")) wrong("'::=' is expected after the name of a rule");
    space(true);
    const RuleId id = rule_of(its_name, begin).id;
    if (std::exchange(rules_.at(its_name).defined, true)) {
      at_ = begin;
      wrong("rule '" + its_name + "' is defined twice");
    }
    to_.define(id, alternatives(false));
    if (!at_end() && peek() != '\n' && peek() != '\r') wrong("the end of the line is expected");
  }

  Expr alternatives(bool in_group) {
    std::vector<Expr> parts = {sequence(in_group)};
    while (take("|")) {
      space(true);
      parts.push_back(sequence(in_group));
    }
    return to_.alt(std::move(parts));
  }

  Expr sequence(bool in_group) {
    std::vector<Expr> parts;
    for (space(in_group); !at_end(); space(in_group)) {
      const std::optional<Expr> item = atom();
      if (!item) break;
      parts.push_back(quantified(*item, in_group));
    }
    return to_.seq(std::move(parts));
  }

  std::optional<Expr> atom() {
    const char c = peek();
    if (c == '"') return literal();
    if (c == '[') return char_class();
    if (take(".")) return to_.chars(CharSet::any());
    if (is_name(c)) {
      const std::size_t begin = at_;
      return to_.call(rule_of(name(), begin).id);
    }
    if (c == '<' || c == '!') fail(ErrorCode::kUnsupported, "a token is not supported");
    if (c != '(') return std::nullopt;
    if (++nested_ > kMostNested) wrong("groups nest deeper than 100");
    const std::size_t begin = at_++;
    const Expr out = alternatives(true);
    if (!take(")")) {
      at_ = begin;
      wrong("a '(' without its ')'");
    }
    --nested_;
    return out;
  }

  Expr quantified(Expr e, bool in_group) {
    for (;;) {
      const std::size_t begin = at_;
      space(in_group);
      if (take("*")) {
        e = to_.repeat(e, 0, kUnbounded);
      } else if (take("+")) {
        e = to_.repeat(e, 1, kUnbounded);
      } else if (take("?")) {
        e = to_.repeat(e, 0, 1);
      } else if (take("{")) {
        e = bounded(e);
      } else {
        at_ = begin;
        return e;
      }
    }
  }

  Expr bounded(Expr e) {
    const auto number = [&](std::uint32_t otherwise, bool needed) {
      space(false);
      const std::size_t begin = at_;
      std::uint32_t n = 0;
      for (; peek() >= '0' && peek() <= '9'; ++at_) {
        n = std::min(n * 10 + static_cast<std::uint32_t>(peek() - '0'), kMostRepeats + 1);
      }
      if (n > kMostRepeats) wrong("a repetition of more than 1000000");
      if (at_ == begin && needed) wrong("a number is expected here");
      const bool none = at_ == begin;
      space(false);
      return none ? otherwise : n;
    };
    const std::uint32_t min = number(0, peek() != ',');
    const std::uint32_t max = take(",") ? number(kUnbounded, false) : min;
    if (!take("}")) wrong("a '}' is expected here");
    if (min > max) wrong("a repetition's bounds are the wrong way round");
    return to_.repeat(e, min, max);
  }

  char32_t character() {
    if (peek() != '\\') {
      const char32_t c = text::utf8_decode(text_, at_);
      at_ += text::utf8_size(text_[at_]);
      return c;
    }
    ++at_;
    if (at_end()) wrong("a '\\' at the end");
    const char c = text_[at_++];
    switch (c) {
      case 'n':
        return U'\n';
      case 'r':
        return U'\r';
      case 't':
        return U'\t';
      case 'x':
        return hex(2);
      case 'u':
        return hex(4);
      case 'U':
        return hex(8);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return static_cast<char32_t>(c);
      default:
        break;
    }
    --at_;
    wrong("there is no such escape");
  }

  char32_t hex(int digits) {
    char32_t out = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const auto c = static_cast<char32_t>(static_cast<unsigned char>(peek()));
      const bool letter = (c | 32) >= U'a' && (c | 32) <= U'f';
      if (!letter && (c < U'0' || c > U'9')) wrong("an escape lacks hexadecimal digits");
      out = out * 16 + (letter ? (c | 32) - U'a' + 10 : c - U'0');
    }
    if (out > kLastCodePoint || (out >= 0xd800 && out <= 0xdfff)) {
      wrong("an escape that is no character");
    }
    return out;
  }

  Expr literal() {
    const std::size_t begin = at_++;
    std::string bytes;
    while (!take("\"")) {
      if (at_end() || peek() == '\n') {
        at_ = begin;
        wrong("a '\"' without its '\"'");
      }
      bytes += utf8_encode(character());
    }
    return to_.literal(bytes);
  }

  Expr char_class() {
    const std::size_t begin = at_++;
    const bool inverted = take("^");
    CharSet set;
    while (!take("]")) {
      if (at_end()) {
        at_ = begin;
        wrong("a '[' without its ']'");
      }
      const char32_t first = character();
      char32_t last = first;
      if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
        ++at_;
        last = character();
        if (first > last) wrong("a range is the wrong way round");
      }
      set.add(first, last);
    }
    return to_.chars(inverted ? set.inverted() : set);
  }

  std::string_view text_;
  Builder to_;
  std::size_t at_ = 0;
  int nested_ = 0;
  std::map<std::string, Rule> rules_;
};

}  // namespace

std::shared_ptr<const Grammar> grammar_of_gbnf(std::string_view text) {
  return GbnfParser(text).parse();
}

}  // namespace rocmforge::constrain
