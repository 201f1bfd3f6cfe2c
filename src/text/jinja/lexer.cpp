#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "text/jinja/ast.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace rocmforge::text::jinja {
namespace {

// \r\n and \r as \n; the last newline of all is dropped.
std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool is_decimal_digit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalized(source)), text_(source_) {}

  std::vector<Token> run() {
    while (pos_ < text_.size()) root();
    add(TokenType::kEnd, "");
    return std::move(tokens_);
  }

 private:
  bool at(std::string_view what) const { return text_.substr(pos_).starts_with(what); }
  bool at(std::string_view what, std::size_t pos) const {
    return pos <= text_.size() && text_.substr(pos).starts_with(what);
  }

  // The line of pos_: counted on from where it was asked before.
  int line() {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(pos_), '\n'));
    counted_ = pos_;
    return line_;
  }

  [[noreturn]] void fail_here(const std::string& message) { throw SyntaxError(line(), message); }

  void add(TokenType type, std::string text) {
    if (type == TokenType::kData && text.empty()) return;
    tokens_.push_back({type, line(), std::move(text)});
  }

  void advance(std::size_t n) {
    pos_ += n;
    line_starting_ = n > 0 && text_[pos_ - 1] == '\n';
  }

  std::size_t skip_spaces(std::size_t pos) const {
    while (pos < text_.size() && is_space(utf8_decode(text_, pos))) pos += utf8_size(text_[pos]);
    return pos;
  }

  // Bytes of a closing `end` at pos with its white space: "-" drops all that follows; of blocks and
  // comments a newline goes too, unless "+". 0 when there is none.
  std::size_t closing(std::string_view end, std::size_t pos, bool trims, bool plus = true) const {
    if (at("-", pos) && at(end, pos + 1)) return skip_spaces(pos + 1 + end.size()) - pos;
    if (plus && at("+", pos) && at(end, pos + 1)) return 1 + end.size();
    if (!at(end, pos)) return 0;
    return end.size() + (trims && at("\n", pos + end.size()) ? 1 : 0);
  }

  // Text up to a tag at `end`, whose sign is `sign`.
  void add_text(std::size_t end, char sign, bool may_strip_line) {
    std::string_view text = text_.substr(pos_, end - pos_);
    if (sign == '-') {
      text = strip_right(text);
    } else if (sign != '+' && may_strip_line) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
      if ((start > 0 || line_starting_) && strip_left(text.substr(start)).empty()) {
        text = text.substr(0, start);
      }
    }
    add(TokenType::kData, std::string(text));
  }

  char sign_at(std::size_t pos) const { return at("-", pos) || at("+", pos) ? text_[pos] : '\0'; }

  // Bytes of "{% raw %}" at pos, or 0.
  std::size_t raw_begin(std::size_t pos) const {
    std::size_t p = pos + 2;
    if (sign_at(p) != '\0') ++p;
    p = skip_spaces(p);
    if (!at("raw", p)) return 0;
    p = skip_spaces(p + 3);
    const std::size_t n = closing("%}", p, false, false);
    return n == 0 ? 0 : p + n - pos;
  }

  void root() {
    std::size_t tag = pos_;
    while (true) {
      tag = text_.find('{', tag);
      if (tag == std::string_view::npos) {
        add(TokenType::kData, std::string(text_.substr(pos_)));
        pos_ = text_.size();
        return;
      }
      if (at("{%", tag) || at("{{", tag) || at("{#", tag)) break;
      ++tag;
    }
    const char kind = text_[tag + 1];
    const char sign = sign_at(tag + 2);
    add_text(tag, sign, kind != '{');
    pos_ = tag;
    const std::size_t raw_size = kind == '%' ? raw_begin(tag) : 0;
    if (raw_size > 0) {
      advance(raw_size);
      return raw();
    }
    if (kind == '#') {
      advance(sign == '\0' ? 2 : 3);
      return comment();
    }
    add(kind == '%' ? TokenType::kBlockBegin : TokenType::kPrintBegin, "");
    advance(sign == '\0' ? 2 : 3);
    within_tag(kind == '%');
  }

  void comment() {
    for (std::size_t p = text_.find('#', pos_); p != std::string_view::npos;
         p = text_.find('#', p + 1)) {
      if (!at("#}", p)) continue;
      const bool sign = p > pos_ && (text_[p - 1] == '-' || text_[p - 1] == '+');
      const std::size_t start = sign ? p - 1 : p;
      return advance(start - pos_ + closing("#}", start, true));
    }
    fail_here("Missing end of comment tag");
  }

  void raw() {
    for (std::size_t p = text_.find("{%", pos_); p != std::string_view::npos;
         p = text_.find("{%", p + 1)) {
      const char sign = sign_at(p + 2);
      std::size_t q = skip_spaces(p + (sign == '\0' ? 2 : 3));
      if (!at("endraw", q)) continue;
      q = skip_spaces(q + 6);
      const std::size_t n = closing("%}", q, true);
      if (n == 0) continue;
      add_text(p, sign, true);
      return advance(q + n - pos_);
    }
    fail_here("Missing end of raw directive");
  }

  void within_tag(bool block) {
    const TokenType end_type = block ? TokenType::kBlockEnd : TokenType::kPrintEnd;
    const std::string_view end = block ? "%}" : "}}";
    brackets_.clear();
    while (pos_ < text_.size()) {
      if (brackets_.empty()) {
        if (const std::size_t n = closing(end, pos_, block, block); n > 0) {
          add(end_type, "");
          return advance(n);
        }
      }
      if (const std::size_t past = skip_spaces(pos_); past > pos_) {
        advance(past - pos_);
        continue;
      }
      if (!number() && !name() && !string() && !operation()) {
        const std::string_view c = text_.substr(pos_, utf8_size(text_[pos_]));
        fail_here("unexpected char " + repr_text(c));
      }
    }
  }

  // The end of digits with single underscores between them; pos when there are none.
  template <typename IsDigit>
  std::size_t digits(std::size_t pos, IsDigit is_digit_char) const {
    std::size_t p = pos;
    while (p < text_.size()) {
      const std::size_t d = text_[p] == '_' && p > pos ? p + 1 : p;
      if (d >= text_.size() || !is_digit_char(text_[d])) break;
      p = d + 1;
    }
    return p;
  }

  void add_number(TokenType type, std::size_t past) {
    std::string text(text_.substr(pos_, past - pos_));
    std::erase(text, '_');
    add(type, std::move(text));
    advance(past - pos_);
  }

  std::size_t float_end() const {
    const std::size_t whole = digits(pos_, is_decimal_digit);
    std::size_t p = whole;
    if (at(".", p) && digits(p + 1, is_decimal_digit) > p + 1) p = digits(p + 1, is_decimal_digit);
    if (p < text_.size() && (text_[p] | 0x20) == 'e') {
      const std::size_t exponent = p + 1 + (sign_at(p + 1) != '\0' ? 1 : 0);
      if (digits(exponent, is_decimal_digit) > exponent) return digits(exponent, is_decimal_digit);
    }
    return p > whole ? p : pos_;
  }

  std::size_t integer_end() const {
    if (text_[pos_] != '0') return digits(pos_, is_decimal_digit);
    const auto marked = [&](auto is_digit_char) {
      const std::size_t start = pos_ + 2 + (at("_", pos_ + 2) ? 1 : 0);
      const std::size_t end = digits(start, is_digit_char);
      return end > start ? end : pos_;
    };
    const char mark = pos_ + 1 < text_.size() ? static_cast<char>(text_[pos_ + 1] | 0x20) : '\0';
    std::size_t end = pos_;
    if (mark == 'b') end = marked([](char c) { return c == '0' || c == '1'; });
    if (mark == 'o') end = marked([](char c) { return c >= '0' && c <= '7'; });
    if (mark == 'x') {
      end = marked(
          [](char c) { return is_decimal_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); });
    }
    return end > pos_ ? end : digits(pos_, [](char c) { return c == '0'; });
  }

  bool number() {
    if (!is_decimal_digit(text_[pos_])) return false;
    const std::size_t float_past = pos_ > 0 && text_[pos_ - 1] == '.' ? pos_ : float_end();
    if (float_past > pos_) {
      add_number(TokenType::kFloat, float_past);
    } else {
      add_number(TokenType::kInteger, integer_end());
    }
    return true;
  }

  bool name() {
    std::size_t p = pos_;
    while (p < text_.size() && is_word(utf8_decode(text_, p))) p += utf8_size(text_[p]);
    if (p == pos_) return false;
    const std::string_view word = text_.substr(pos_, p - pos_);
    if (!is_identifier(word)) fail_here("Invalid character in identifier");
    add(TokenType::kName, std::string(word));
    advance(p - pos_);
    return true;
  }

  bool string() {
    const char quote = text_[pos_];
    if (quote != '\'' && quote != '"') return false;
    std::size_t p = pos_ + 1;
    while (p < text_.size() && text_[p] != quote) p += text_[p] == '\\' ? 2 : 1;
    if (p >= text_.size()) return false;
    add(TokenType::kString, unescaped(text_.substr(pos_ + 1, p - pos_ - 1)));
    advance(p + 1 - pos_);
    return true;
  }

  // The code of `digits` digits of base `base` at `pos` of text.
  char32_t code_at(std::string_view text, std::size_t pos, std::size_t digits, int base) {
    const std::optional<Int> code =
        pos + digits <= text.size() &&
                text.substr(pos, digits).find_first_not_of("0123456789abcdefABCDEF") ==
                    std::string_view::npos
            ? parse_int(text.substr(pos, digits), base)
            : std::nullopt;
    if (!code || *code > 0x10ffff) fail_here("a string's escape is cut off or no character");
    return static_cast<char32_t>(*code);
  }

  // Appends the escape at `pos`, behind its backslash; returns its end.
  std::size_t unescape(std::string& out, std::string_view text, std::size_t pos) {
    constexpr std::string_view kLetters = "\\'\"abfnrtv", kMeanings = "\\'\"\a\b\f\n\r\t\v";
    const char c = text[pos];
    if (c == '\n') return pos + 1;
    if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
      out += kMeanings[i];
      return pos + 1;
    }
    if (c >= '0' && c <= '7') {
      std::size_t n = 1;
      while (n < 3 && pos + n < text.size() && text[pos + n] >= '0' && text[pos + n] <= '7') ++n;
      append_utf8(out, code_at(text, pos, n, 8));
      return pos + n;
    }
    if (c == 'N') fail_here("strings with \\N{...} are not supported");
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {
      out += '\\';
      return pos;
    }
    char32_t code = code_at(text, pos + 1, digits, 16);
    std::size_t end = pos + 1 + digits;
    if (code >= 0xd800 && code < 0xdc00 && text.substr(end).starts_with("\\u")) {
      const char32_t low = code_at(text, end + 2, 4, 16);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        end += 6;
      }
    }
    // Half of a pair is no character: it has no UTF-8.
    code >= 0xd800 && code < 0xe000 ? void(out += kReplacementCharacter) : append_utf8(out, code);
    return end;
  }

  std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t pos = 0; pos < text.size();) {
      if (text[pos] == '\\') {
        pos = unescape(out, text, pos + 1);
      } else {
        out += text[pos++];
      }
    }
    return out;
  }

  void balance(char c) {
    const std::string_view opens = "([{", closes = ")]}";
    if (const std::size_t i = opens.find(c); i != std::string_view::npos) brackets_ += closes[i];
    if (closes.find(c) == std::string_view::npos) return;
    const std::string found = std::string("unexpected '") + c + "'";
    if (brackets_.empty()) fail_here(found);
    if (brackets_.back() != c) fail_here(found + ", expected '" + brackets_.back() + "'");
    brackets_.pop_back();
  }

  bool operation() {
    constexpr std::array<std::string_view, 6> kPairs = {"//", "**", "==", "!=", ">=", "<="};
    for (const std::string_view pair : kPairs) {
      if (!at(pair)) continue;
      add(TokenType::kOperator, std::string(pair));
      advance(2);
      return true;
    }
    const char c = text_[pos_];
    if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) return false;
    balance(c);
    add(TokenType::kOperator, std::string(1, c));
    advance(1);
    return true;
  }

  std::string source_;
  std::string_view text_;
  std::size_t pos_ = 0, counted_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::string brackets_;  // that close those which are open
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace rocmforge::text::jinja
