#include "constrain/regex.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "constrain/grammar.h"
#include "text/utf8.h"

namespace rocmforge::constrain {
namespace {

constexpr std::uint32_t kMostRepeats = 1'000'000;
constexpr int kMostNested = 100;
constexpr std::size_t kMostCharacters = 64 * 1024;

const CharSet kDigits = {{'0', '9'}};
const CharSet kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const CharSet kSpaces = {{'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680},
                         {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                         {0x3000, 0x3000}, {0xfeff, 0xfeff}};
const CharSet kLineEnds = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

Pattern of_set(CharSet set) {
  Pattern out;
  out.kind = Pattern::Kind::kSet;
  out.set = std::move(set);
  return out;
}

Pattern repeated(Pattern body, std::uint32_t min, std::uint32_t max) {
  Pattern out;
  out.kind = Pattern::Kind::kRepeat;
  out.parts.push_back(std::move(body));
  out.min = min;
  out.max = max;
  return out;
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& place, bool whole)
      : place_(place), whole_(whole) {
    if (text::find_invalid_utf8(text) != std::string_view::npos) wrong("is not UTF-8");
    for (std::size_t i = 0; i < text.size(); i += text::utf8_size(text[i])) {
      text_.push_back(text::utf8_decode(text, i));
    }
    if (text_.size() > kMostCharacters) wrong("is longer than 65536 characters");
  }

  Pattern parse() {
    Pattern out = alternatives(true);
    if (!at_end()) wrong("a ')' without its '('");
    return out;
  }

 private:
  [[noreturn]] void fail(ErrorCode code, const std::string& what) const {
    throw Error(code, "[constrain] " + place_ + ": " + what + " (character " +
                          std::to_string(at_ + 1) + ")");
  }
  [[noreturn]] void wrong(const std::string& what) const {
    fail(ErrorCode::kInvalidArgument, what);
  }
  [[noreturn]] void unsupported(const std::string& what) const {
    fail(ErrorCode::kUnsupported, what + " is not supported");
  }
  bool at_end() const { return at_ == text_.size(); }
  char32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : U'\0';
  }
  bool take(char32_t c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::u32string_view s) {
    if (std::u32string_view(text_).substr(at_, s.size()) != s) return false;
    at_ += s.size();
    return true;
  }

  // `top`: both ends are those of the text, so that anchors and open ends are in place. A group
  // that is a whole alternative is the same.
  Pattern alternatives(bool top) {
    Pattern out;
    out.kind = Pattern::Kind::kAlt;
    do out.parts.push_back(sequence(top));
    while (take(U'|'));
    return out.parts.size() == 1 ? std::move(out.parts[0]) : std::move(out);
  }

  Pattern sequence(bool top) {
    if (top && group_is_whole()) return group(true);
    Pattern out;
    bool begins = false, ends = false;
    if (top) {
      while (take(U'^') || take(U"\\A")) begins = true;
    }
    while (!at_end() && peek() != U'|' && peek() != U')') {
      if (peek() == U'$' || (peek() == U'\\' && (peek(1) == U'z' || peek(1) == U'Z'))) {
        const std::size_t anchor = at_;
        at_ += peek() == U'$' ? 1 : 2;
        ends = true;
        const bool last = at_end() || peek() == U'|' || (peek() == U')');
        if (top && (last || peek() == U'$')) continue;
        at_ = anchor;
        unsupported("an anchor within the expression");
      }
      if (ends) unsupported("something behind the end of the text");
      out.parts.push_back(quantified());
    }
    if (!top || whole_) return out;
    const Pattern anything = repeated(of_set(CharSet::any()), 0, kUnbounded);
    if (!begins) out.parts.insert(out.parts.begin(), anything);
    if (!ends) out.parts.push_back(anything);
    return out;
  }

  // Whether the parenthesis here closes where its alternative ends, with no quantifier.
  bool group_is_whole() const {
    if (peek() != U'(' || (peek(1) == U'?' && peek(2) != U':')) return false;
    int depth = 0;
    bool in_class = false;
    for (std::size_t i = at_; i < text_.size(); ++i) {
      const char32_t c = text_[i];
      if (c == U'\\') {
        ++i;
      } else if (in_class) {
        in_class = c != U']';
      } else if (c == U'[') {
        in_class = true;
      } else if (c == U'(') {
        ++depth;
      } else if (c == U')' && --depth == 0) {
        return i + 1 == text_.size() || text_[i + 1] == U'|' || text_[i + 1] == U')';
      }
    }
    return false;
  }

  Pattern group(bool top) {
    if (++nested_ > kMostNested) wrong("groups nest deeper than 100");
    take(U'(');
    if (take(U'?')) {
      if (take(U"P<") || (peek() == U'<' && peek(1) != U'=' && peek(1) != U'!' && take(U'<'))) {
        while (!at_end() && peek() != U'>') ++at_;
        if (!take(U'>')) wrong("a group's name has no '>'");
      } else if (!take(U':')) {
        if (peek() == U'=' || peek() == U'!') unsupported("look-ahead");
        if (peek() == U'<') unsupported("look-behind");
        if (peek() == U'>') unsupported("an atomic group");
        unsupported("this kind of group");
      }
    } else if (peek() == U'*') {
      unsupported("a verb");
    }
    Pattern out = alternatives(top);
    if (!take(U')')) wrong("a '(' without its ')'");
    --nested_;
    return out;
  }

  Pattern quantified() {
    Pattern out = atom();
    while (!at_end()) {
      std::uint32_t min = 0, max = kUnbounded;
      if (take(U'*')) {
      } else if (take(U'+')) {
        min = 1;
      } else if (take(U'?')) {
        max = 1;
      } else if (peek() != U'{' || !bounds(min, max)) {
        break;
      }
      if (peek() == U'+') unsupported("a possessive quantifier");
      take(U'?');  // lazy: the same texts
      if (peek() == U'*' || peek() == U'+' || peek() == U'?') wrong("a quantifier of nothing");
      out = repeated(std::move(out), min, max);
    }
    return out;
  }

  // {m}, {m,} or {m,n}; anything else in braces is text.
  bool bounds(std::uint32_t& min, std::uint32_t& max) {
    const std::size_t begin = at_;
    const auto number = [&]() -> std::optional<std::uint32_t> {
      if (peek() < U'0' || peek() > U'9') return std::nullopt;
      std::uint32_t n = 0;
      for (; peek() >= U'0' && peek() <= U'9'; ++at_) {
        n = std::min<std::uint32_t>(n * 10 + (peek() - U'0'), kMostRepeats + 1);
      }
      if (n > kMostRepeats) wrong("a repetition of more than 1000000");
      return n;
    };
    ++at_;
    const std::optional<std::uint32_t> low = number();
    std::optional<std::uint32_t> high = low;
    if (low && take(U',')) {
      high = peek() == U'}' ? kUnbounded : number();
    }
    if (!low || !high || !take(U'}')) {
      at_ = begin;
      return false;
    }
    if (*low > *high) wrong("a repetition's bounds are the wrong way round");
    min = *low;
    max = *high;
    return true;
  }

  Pattern atom() {
    const char32_t c = peek();
    if (c == U'(') return group(false);
    if (c == U'[') return of_set(char_class());
    if (c == U'*' || c == U'+' || c == U'?') wrong("a quantifier of nothing");
    if (c == U'^') unsupported("an anchor within the expression");
    if (c == U'\\') return of_set(escape(false));
    ++at_;
    if (c == U'.') return of_set(kLineEnds.inverted());
    return of_set({{c, c}});
  }

  CharSet char_class() {
    const std::size_t begin = at_;
    ++at_;
    const bool inverted = take(U'^');
    CharSet set;
    for (bool first = true;; first = false) {
      if (at_end()) {
        at_ = begin;
        wrong("a '[' without its ']'");
      }
      if (peek() == U']' && !first) break;
      if (peek() == U']' && first) wrong("an empty class");
      if (peek() == U'[' && (peek(1) == U':' || peek(1) == U'.' || peek(1) == U'=')) {
        unsupported("a named class");
      }
      const CharSet low = class_item();
      const bool range = peek() == U'-' && peek(1) != U']' && at_ + 1 < text_.size();
      if (!range) {
        set.add(low);
        continue;
      }
      ++at_;
      const CharSet high = class_item();
      if (!is_single(low) || !is_single(high)) wrong("a range between classes");
      const char32_t first_char = low.ranges()[0].first, last_char = high.ranges()[0].first;
      if (first_char > last_char) wrong("a range is the wrong way round");
      set.add(first_char, last_char);
    }
    ++at_;
    if (inverted) set = set.inverted();
    if (set.empty()) wrong("a class that holds no character");
    return set;
  }

  static bool is_single(const CharSet& set) {
    return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].second;
  }

  CharSet class_item() {
    if (peek() == U'\\') return escape(true);
    const char32_t c = peek();
    ++at_;
    return {{c, c}};
  }

  CharSet escape(bool in_class) {
    const std::size_t begin = at_;
    ++at_;
    if (at_end()) wrong("a '\\' at the end");
    const char32_t c = text_[at_++];
    const auto single = [](char32_t x) { return CharSet{{x, x}}; };
    switch (c) {
      case U'd':
        return kDigits;
      case U'D':
        return kDigits.inverted();
      case U'w':
        return kWord;
      case U'W':
        return kWord.inverted();
      case U's':
        return kSpaces;
      case U'S':
        return kSpaces.inverted();
      case U't':
        return single('\t');
      case U'n':
        return single('\n');
      case U'r':
        return single('\r');
      case U'f':
        return single('\f');
      case U'v':
        return single('\v');
      case U'0':
        return single(0);
      case U'x':
        return single(hex(2));
      case U'u':
        return single(unicode());
      default:
        break;
    }
    if (c == U'b' && in_class) return single('\b');
    at_ = begin;
    if (c == U'b' || c == U'B') unsupported("a word boundary");
    if ((c >= U'1' && c <= U'9') || c == U'k') unsupported("a back-reference");
    if (c == U'p' || c == U'P') unsupported("a property of characters");
    if (c < 128 && kWord.contains(c)) unsupported("this escape");
    at_ += 2;
    return single(c);
  }

  char32_t hex(int digits) {
    char32_t out = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const char32_t c = peek();
      const bool letter = (c | 32) >= U'a' && (c | 32) <= U'f';
      if (!letter && (c < U'0' || c > U'9')) wrong("an escape lacks hexadecimal digits");
      out = out * 16 + (letter ? (c | 32) - U'a' + 10 : c - U'0');
    }
    return out;
  }

  char32_t unicode() {
    char32_t out = 0;
    if (take(U'{')) {
      while (peek() != U'}') {
        out = out * 16 + hex(1);
        if (out > kLastCodePoint) wrong("a code point past U+10FFFF");
      }
      ++at_;
    } else {
      out = hex(4);
      if (out >= 0xd800 && out < 0xdc00 && peek() == U'\\' && peek(1) == U'u') {
        at_ += 2;
        const char32_t low = hex(4);
        if (low < 0xdc00 || low > 0xdfff) wrong("half of a surrogate pair");
        out = 0x10000 + ((out - 0xd800) << 10) + (low - 0xdc00);
      }
    }
    if (out >= 0xd800 && out <= 0xdfff) wrong("half of a surrogate pair");
    return out;
  }

  std::u32string text_;
  const std::string& place_;
  bool whole_;
  std::size_t at_ = 0;
  int nested_ = 0;
};

std::uint32_t times(std::uint32_t a, std::uint32_t b) {
  if (a == 0 || b == 0) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{a} * b, kUnbounded));
}

std::uint32_t plus(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{a} + b, kUnbounded));
}

}  // namespace

Lengths lengths(const Pattern& p) {
  Lengths out{0, 0};
  switch (p.kind) {
    case Pattern::Kind::kSet:
      return {1, 1};
    case Pattern::Kind::kSeq:
      for (const Pattern& part : p.parts) {
        const Lengths l = lengths(part);
        out = {plus(out.min, l.min), plus(out.max, l.max)};
      }
      return out;
    case Pattern::Kind::kAlt:
      out.min = kUnbounded;
      for (const Pattern& part : p.parts) {
        const Lengths l = lengths(part);
        out = {std::min(out.min, l.min), std::max(out.max, l.max)};
      }
      return out;
    case Pattern::Kind::kRepeat: {
      const Lengths l = lengths(p.parts[0]);
      return {times(l.min, p.min), times(l.max, p.max)};
    }
  }
  return out;
}

Pattern parse_regex(std::string_view text, const std::string& place, bool whole) {
  return Parser(text, place, whole).parse();
}

Expr write(const Pattern& p, Builder& to, const std::function<Expr(const CharSet&)>& chars) {
  if (p.kind == Pattern::Kind::kSet) return chars(p.set);
  std::vector<Expr> parts;
  for (const Pattern& part : p.parts) parts.push_back(write(part, to, chars));
  if (p.kind == Pattern::Kind::kRepeat) return to.repeat(parts[0], p.min, p.max);
  return p.kind == Pattern::Kind::kAlt ? to.alt(std::move(parts)) : to.seq(std::move(parts));
}

std::shared_ptr<const Grammar> grammar_of_regex(std::string_view pattern) {
  const Pattern parsed = parse_regex(pattern, "regular expression", true);
  Builder to("regular expression");
  const Expr e = write(parsed, to, [&](const CharSet& set) { return to.chars(set); });
  return to.build(to.rule("the whole", e));
}

}  // namespace rocmforge::constrain
