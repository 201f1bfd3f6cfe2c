// format % arguments, and format.format(...).
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "text/jinja/function.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace rocmforge::text::jinja {
namespace {

constexpr std::int64_t kMaxPrecision = 1000;  // of digits; python would go on

bool is_digit_char(char c) {
  return c >= '0' && c <= '9';
}

// A width or precision; fails beyond what a text may have.
std::int64_t parse_count(std::string_view text, std::size_t& pos) {
  std::int64_t n = 0;
  for (; pos < text.size() && is_digit_char(text[pos]); ++pos) {
    n = n * 10 + (text[pos] - '0');
    check_length(static_cast<std::size_t>(n));
    if (n > INT32_MAX) fail("a format's width is too large");
  }
  return n;
}

struct Layout {
  std::string fill = " ";
  char align = '\0';  // < > ^ =, or as the type has it
  char sign = '-';
  bool alternate = false, comma = false;
  std::int64_t width = 0, precision = -1;
  char type = '\0';
};

std::string in_base(Int value, unsigned base, bool upper_case) {
  const std::string_view digits = upper_case ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  do {
    const Int digit = value % static_cast<Int>(base);
    out += digits[static_cast<std::size_t>(digit < 0 ? -digit : digit)];
    value /= static_cast<Int>(base);
  } while (value != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

std::string with_commas(std::string digits) {
  const std::size_t end = std::min(digits.find_first_not_of("0123456789"), digits.size());
  for (std::size_t i = end; i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

// The digits of a number that is not below 0, as printf has them.
std::string float_digits(double d, char type, std::int64_t precision, bool alternate) {
  if (!std::isfinite(d)) {
    const std::string word = std::isnan(d) ? "nan" : "inf";
    return type >= 'A' && type <= 'Z' ? upper(word) : word;
  }
  if (precision > kMaxPrecision) fail("a format's precision is above 1000");
  const std::string pattern = std::string("%") + (alternate ? "#" : "") + ".*" + type;
  std::array<char, 1500> buffer;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int n =
      std::snprintf(buffer.data(), buffer.size(), pattern.c_str(), static_cast<int>(precision), d);
#pragma GCC diagnostic pop
  return {buffer.data(), static_cast<std::size_t>(std::clamp<int>(n, 0, 1499))};
}

std::string repeated(std::string_view text, std::int64_t n) {
  std::string out;
  for (std::int64_t i = 0; i < n; ++i) out += text;
  return out;
}

// `prefix` (sign, 0x) stands before the padding of '='.
std::string aligned(const Layout& f, const std::string& prefix, const std::string& body,
                    char otherwise) {
  const auto n = static_cast<std::int64_t>(count_characters(prefix) + count_characters(body));
  if (n >= f.width) return prefix + body;
  const std::int64_t pad = f.width - n;
  check_length(static_cast<std::size_t>(pad) * f.fill.size());
  switch (f.align == '\0' ? otherwise : f.align) {
    case '<':
      return prefix + body + repeated(f.fill, pad);
    case '^':
      return repeated(f.fill, pad / 2) + prefix + body + repeated(f.fill, pad - pad / 2);
    case '=':
      return prefix + repeated(f.fill, pad) + body;
    default:
      return repeated(f.fill, pad) + prefix + body;
  }
}

std::string sign_of(bool negative, char sign) {
  if (negative) return "-";
  return sign == '+' ? "+" : sign == ' ' ? " " : "";
}

std::string format_integer(const Layout& f, Int value) {
  std::string prefix = sign_of(value < 0, f.sign), body;
  switch (f.type) {
    case 'x':
    case 'X':
      if (f.alternate) prefix += f.type == 'x' ? "0x" : "0X";
      body = in_base(value, 16, f.type == 'X');
      break;
    case 'o':
      if (f.alternate) prefix += "0o";
      body = in_base(value, 8, false);
      break;
    case 'b':
      if (f.alternate) prefix += "0b";
      body = in_base(value, 2, false);
      break;
    default:
      body = in_base(value, 10, false);
  }
  if (f.comma) body = with_commas(std::move(body));
  return aligned(f, prefix, body, '>');
}

std::string format_float(const Layout& f, double value) {
  const std::string prefix = sign_of(std::signbit(value), f.sign);
  std::string body;
  const double size = std::abs(value);
  if (f.type == '%') {
    body = float_digits(size * 100, 'f', f.precision < 0 ? 6 : f.precision, f.alternate) + "%";
  } else if (f.type != '\0') {
    const char type = f.type == 'n' ? 'g' : f.type;
    body = float_digits(size, type, f.precision < 0 ? 6 : f.precision, f.alternate);
  } else if (f.precision < 0) {
    body = repr(size);
  } else {
    body = float_digits(size, 'g', std::max<std::int64_t>(f.precision, 1), false);
    if (body.find_first_of(".en") == std::string::npos) body += ".0";
  }
  if (f.comma) body = with_commas(std::move(body));
  return aligned(f, prefix, body, '>');
}

std::string format_text(const Layout& f, const std::string& text) {
  std::string body = text;
  if (f.precision >= 0) {
    body = text.substr(0, character_offset(text, static_cast<std::size_t>(f.precision)));
  }
  return aligned(f, "", body, '<');
}

Layout parse_layout(const std::string& spec) {
  Layout f;
  std::size_t pos = 0;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  const std::size_t first = spec.empty() ? 0 : utf8_size(spec[0]);
  if (first > 0 && first < spec.size() && is_align(spec[first])) {
    f.fill = spec.substr(0, first);
    f.align = spec[first];
    pos = first + 1;
  } else if (!spec.empty() && is_align(spec[0])) {
    f.align = spec[0];
    pos = 1;
  }
  const auto at = [&](std::string_view any) {
    return pos < spec.size() && any.find(spec[pos]) != std::string_view::npos;
  };
  if (at("+- ")) f.sign = spec[pos++];
  if (at("#")) f.alternate = pos++ < spec.size();
  if (at("0")) {
    ++pos;
    if (f.align == '\0') {
      f.align = '=';
      f.fill.assign(1, '0');
    }
  }
  f.width = parse_count(spec, pos);
  if (at(",")) f.comma = pos++ < spec.size();
  if (at(".")) {
    ++pos;
    if (!at("0123456789")) fail("Format specifier missing precision");
    f.precision = parse_count(spec, pos);
  }
  if (pos < spec.size()) f.type = spec[pos++];
  if (pos < spec.size()) fail("Invalid format specifier");
  return f;
}

std::string formatted(const Value& v, const std::string& spec) {
  if (spec.empty()) return to_str(v);
  const Layout f = parse_layout(spec);
  const auto known = [&](std::string_view types) {
    if (f.type != '\0' && types.find(f.type) == std::string_view::npos) {
      fail(std::string("Unknown format code '") + f.type + "' for object of type '" + type_name(v) +
           "'");
    }
  };
  const bool as_float = std::string_view("eEfFgG%").find(f.type) != std::string_view::npos;
  if (v.is_number() && !(v.is(Kind::kBool) && f.type == '\0')) {
    known("bdoxXneEfFgG%c");
    if (v.is_integer() && (f.type == '\0' || !as_float)) {
      if (f.type == 'c') fail("the format code 'c' is not supported");
      return format_integer(f, v.as_int());
    }
    known("eEfFgGn%");
    return format_float(f, v.as_double());
  }
  if (!v.is_string() && !v.is(Kind::kBool)) {
    fail("unsupported format string passed to " + type_name(v) + ".__format__");
  }
  known("s");
  return format_text(f, to_str(v));
}

// The value that "0.name[key]" points to.
class Fields {
 public:
  explicit Fields(const Arguments& arguments) : arguments_(arguments) {}

  Value find(std::string_view field) {
    const std::size_t end = std::min(field.find_first_of(".["), field.size());
    const std::string_view first = field.substr(0, end);
    Value value = root(first);
    for (std::size_t pos = end; pos < field.size();) {
      if (field[pos] == '.') {
        const std::size_t stop = std::min(field.find_first_of(".[", pos + 1), field.size());
        value = get_attribute(value, std::string(field.substr(pos + 1, stop - pos - 1)));
        pos = stop;
      } else {
        const std::size_t stop = field.find(']', pos);
        if (field[pos] != '[' || stop == std::string_view::npos)
          fail("Missing ']' in format string");
        const std::string key(field.substr(pos + 1, stop - pos - 1));
        const bool number = !key.empty() && std::all_of(key.begin(), key.end(), is_digit_char);
        value = get_item(value, number ? Value::integer(*parse_int(key, 10)) : Value::string(key));
        pos = stop + 1;
      }
    }
    return value;
  }

 private:
  Value root(std::string_view name) {
    const bool number = std::all_of(name.begin(), name.end(), is_digit_char);
    if (number) {
      const Int i = name.empty() ? static_cast<Int>(next_++) : *parse_int(name, 10);
      if (i >= static_cast<Int>(arguments_.positional.size())) {
        fail("Replacement index " + to_string(i) + " out of range for positional args tuple");
      }
      return arguments_.positional[static_cast<std::size_t>(i)];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    fail(repr_text(name));  // python's KeyError
  }

  const Arguments& arguments_;
  std::size_t next_ = 0;
};

// The end of the field that begins at `pos`, where its brackets close.
std::size_t field_end(const std::string& format, std::size_t pos) {
  int open = 1;
  for (; pos < format.size(); ++pos) {
    if (format[pos] == '{') ++open;
    if (format[pos] == '}' && --open == 0) return pos;
  }
  fail("expected '}' before end of string");
}

std::string expand(const std::string& format, Fields& fields, int level) {
  if (level > 2) fail("Max string recursion exceeded");
  std::string out;
  for (std::size_t pos = 0; pos < format.size(); ++pos) {
    const char c = format[pos];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (pos + 1 < format.size() && format[pos + 1] == c) {
      out += c;
      ++pos;
      continue;
    }
    if (c == '}') fail("Single '}' encountered in format string");
    if (pos + 1 == format.size()) fail("Single '{' encountered in format string");
    const std::size_t end = field_end(format, pos + 1);
    std::string field = format.substr(pos + 1, end - pos - 1), spec;
    if (const std::size_t colon = field.find(':'); colon != std::string::npos) {
      spec = field.substr(colon + 1);
      field.resize(colon);
    }
    char conversion = '\0';
    if (const std::size_t mark = field.find('!'); mark != std::string::npos) {
      conversion = mark + 2 == field.size() ? field[mark + 1] : '?';
      field.resize(mark);
    }
    Value value = fields.find(field);
    if (conversion == 'r' || conversion == 'a') {
      value = Value::string(repr(value));
    } else if (conversion == 's') {
      value = Value::string(to_str(value));
    } else if (conversion != '\0') {
      fail("Unknown conversion specifier");
    }
    out += formatted(value, expand(spec, fields, level + 1));
    check_length(out.size());
    pos = end;
  }
  return out;
}

// The arguments of %, in turn or by name.
class PercentArguments {
 public:
  explicit PercentArguments(const Value& v) : all_(v), single_(!v.is(Kind::kTuple)) {}
  const Value& next() {
    if (single_ ? next_ > 0 : next_ >= all_.items().size()) {
      fail("not enough arguments for format string");
    }
    return single_ ? (++next_, all_) : all_.items()[next_++];
  }
  Value named(const std::string& name) {
    if (!all_.is(Kind::kDict)) fail("format requires a mapping");
    by_name_ = true;
    const Value* found = all_.entries().find(std::string_view(name));
    if (found == nullptr) fail(repr_text(name));  // python's KeyError
    return *found;
  }
  void finish() const {
    const bool unused = single_ ? next_ == 0 && !is_container() : next_ < all_.items().size();
    if (unused && !by_name_) fail("not all arguments converted during string formatting");
  }

 private:
  // These need not be used: they may be there for names.
  bool is_container() const {
    return all_.is(Kind::kDict) || all_.is(Kind::kList) || all_.is(Kind::kRange) ||
           all_.is_undefined();
  }
  const Value all_;
  const bool single_;
  bool by_name_ = false;
  std::size_t next_ = 0;
};

Int percent_int(const Value& v, char type) {
  need_defined(v);
  if (v.is_integer()) return v.as_int();
  if (v.is(Kind::kFloat) && (type == 'd' || type == 'i' || type == 'u')) {
    return truncate_to_int(v.as_double());
  }
  const bool decimal = type == 'd' || type == 'i' || type == 'u';
  fail(std::string("%") + type + " format: " +
       (decimal ? "a real number is required, not " : "an integer is required, not ") +
       type_name(v));
}

double percent_float(const Value& v) {
  need_defined(v);
  if (v.is_number()) return v.as_double();
  fail("must be real number, not " + type_name(v));
}

std::string percent_char(const Value& v) {
  if (v.is_string() && count_characters(v.str()) == 1) return v.str();
  const Int code = v.is_integer() ? v.as_int() : -1;
  if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    fail("%c requires int or char");
  std::string out;
  append_utf8(out, static_cast<char32_t>(code));
  return out;
}

std::string percent_value(Layout f, const Value& v, bool zero) {
  const bool left = f.align == '<';
  const auto zeros = [&] {
    if (zero && !left) {
      f.align = '=';
      f.fill.assign(1, '0');
    }
  };
  switch (f.type) {
    case 's':
    case 'r':
    case 'a':
      if (!left) f.align = '>';
      return format_text(f, f.type == 's' ? to_str(v) : repr(v));
    case 'c':
      if (!left) f.align = '>';
      return format_text(f, percent_char(v));
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
      zeros();
      const Int value = percent_int(v, f.type);
      if (f.precision > 0) {
        std::string digits = in_base(value,
                                     f.type == 'o'            ? 8
                                     : (f.type | 0x20) == 'x' ? 16
                                                              : 10,
                                     f.type == 'X');
        check_length(static_cast<std::size_t>(f.precision));
        const auto n = static_cast<std::int64_t>(digits.size());
        if (n < f.precision) digits.insert(0, static_cast<std::size_t>(f.precision - n), '0');
        return aligned(f, sign_of(value < 0, f.sign), digits, '>');
      }
      return format_integer(f, value);
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      zeros();
      return format_float(f, percent_float(v));
    default:
      fail(std::string("unsupported format character '") + f.type + "'");
  }
}

std::size_t next_in(const std::string& format, std::size_t pos) {
  if (pos >= format.size()) fail("incomplete format");
  return pos;
}

}  // namespace

std::string format_percent(const std::string& format, const Value& argument) {
  PercentArguments arguments(argument);
  std::string out;
  for (std::size_t pos = 0; pos < format.size(); ++pos) {
    if (format[pos] != '%') {
      out += format[pos];
      continue;
    }
    next_in(format, ++pos);
    std::optional<Value> named;
    if (format[pos] == '(') {
      const std::size_t close = format.find(')', pos);
      if (close == std::string::npos) fail("incomplete format key");
      named = arguments.named(format.substr(pos + 1, close - pos - 1));
      next_in(format, pos = close + 1);
    }
    Layout f;
    bool zero = false;
    for (; std::string_view("-+ #0").find(format[next_in(format, pos)]) != std::string_view::npos;
         ++pos) {
      const char flag = format[pos];
      if (flag == '-') f.align = '<';
      if (flag == '+' || (flag == ' ' && f.sign != '+')) f.sign = flag;
      if (flag == '#') f.alternate = true;
      if (flag == '0') zero = true;
    }
    const auto count = [&]() -> std::int64_t {
      if (format[next_in(format, pos)] != '*') return parse_count(format, pos);
      ++pos;
      const std::int64_t n = need_index(arguments.next(), "* of a format");
      if (n > INT32_MAX || n < -INT32_MAX) fail("a format's width is too large");
      check_length(static_cast<std::size_t>(n < 0 ? -n : n));
      return n;
    };
    f.width = count();
    if (f.width < 0) {
      f.align = '<';
      f.width = -f.width;
    }
    if (format[next_in(format, pos)] == '.') {
      ++pos;
      f.precision = std::max<std::int64_t>(0, count());
    }
    f.type = format[next_in(format, pos)];
    if (f.type == '%') {
      out += '%';
    } else {
      out += percent_value(f, named ? *named : arguments.next(), zero);
    }
    check_length(out.size());
  }
  arguments.finish();
  return out;
}

std::string format_braces(const std::string& format, const Arguments& arguments) {
  Fields fields(arguments);
  return expand(format, fields, 0);
}

}  // namespace rocmforge::text::jinja
