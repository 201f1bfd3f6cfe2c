// str(), repr() and the numbers within texts.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "text/jinja/function.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace rocmforge::text::jinja {
namespace {

void append_repr(std::string& out, const Value& v);

void append_items(std::string& out, const std::vector<Value>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, items[i]);
  }
}

void append_dict(std::string& out, const Dict& dict) {
  out += '{';
  for (std::size_t i = 0; i < dict.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, dict.entries()[i].first);
    out += ": ";
    append_repr(out, dict.entries()[i].second);
  }
  out += '}';
}

void append_view(std::string& out, const Value& v) {
  out += type_name(v) + "([";
  append_items(out, v.as<ViewObject>().items());
  out += "])";
}

void append_range(std::string& out, const RangeObject& range) {
  out += "range(" + to_string(range.start) + ", " + to_string(range.stop);
  if (range.step != 1) out += ", " + to_string(range.step);
  out += ")";
}

void append_object(std::string& out, const Value& v) {
  switch (v.kind()) {
    case Kind::kNamespace: {
      const Nesting level;  // it may contain itself
      out += "<Namespace ";
      append_dict(out, v.as<NamespaceObject>().attributes);
      out += '>';
      break;
    }
    case Kind::kFunction: {
      const auto& f = v.as<Function>();
      const bool macro = std::string_view(f.type) == "Macro";
      out += macro ? "<Macro " : "<function ";
      out += macro ? repr_text(f.name) : f.name;
      out += '>';
      break;
    }
    case Kind::kLoop: {
      const auto& loop = v.as<LoopObject>();
      out += "<LoopContext " + std::to_string(loop.index0 + 1) + "/" +
             std::to_string(loop.items.size()) + ">";
      break;
    }
    default:
      out += '<';
      out += type_name(v);
      out += " object>";
  }
}

void append_repr(std::string& out, const Value& v) {
  charge_steps(1);
  check_length(out.size());
  switch (v.kind()) {
    case Kind::kUndefined:
      out += "Undefined";
      break;
    case Kind::kNone:
      out += "None";
      break;
    case Kind::kBool:
      out += v.as_bool() ? "True" : "False";
      break;
    case Kind::kInt:
      out += to_string(v.as_int());
      break;
    case Kind::kFloat:
      out += repr(v.as_double());
      break;
    case Kind::kString:
      if (v.markup()) out += "Markup(";
      out += repr_text(v.str());
      if (v.markup()) out += ')';
      break;
    case Kind::kList:
      out += '[';
      append_items(out, v.items());
      out += ']';
      break;
    case Kind::kTuple:
      out += '(';
      append_items(out, v.items());
      out += v.items().size() == 1 ? ",)" : ")";
      break;
    case Kind::kDict:
      append_dict(out, v.entries());
      break;
    case Kind::kRange:
      append_range(out, v.as<RangeObject>());
      break;
    case Kind::kView:
      append_view(out, v);
      break;
    default:
      append_object(out, v);
  }
}

void append_hex(std::string& out, char32_t code, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) out += kHex[code >> (4 * i) & 15];
}

void append_escaped(std::string& out, char32_t code, char quote) {
  switch (code) {
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (code == static_cast<char32_t>(quote)) {
    out += '\\';
    out += quote;
  } else if (is_printable(code)) {
    append_utf8(out, code);
  } else {
    out += code < 0x100 ? "\\x" : code < 0x10000 ? "\\u" : "\\U";
    append_hex(out, code, code < 0x100 ? 2 : code < 0x10000 ? 4 : 8);
  }
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

std::string_view strip(std::string_view text) {
  return strip_left(strip_right(text));
}

// The digits alone; nothing when an underscore does not stand between two.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const bool between =
        i > 0 && i + 1 < text.size() && digit_of(text[i - 1]) < 36 && digit_of(text[i + 1]) < 36;
    if (!between) return std::nullopt;
  }
  return out;
}

}  // namespace

std::string to_str(const Value& v) {
  if (v.is_string()) return v.str();
  if (v.is_undefined()) return "";
  return repr(v);
}

std::string repr(const Value& v) {
  std::string out;
  append_repr(out, v);
  return out;
}

// The shortest digits that read back as the same number, as python lays them out.
std::string repr(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), d, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  std::string out;
  if (text.front() == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out.append(1, '.').append(digits, 1);
    const int size = std::abs(exponent);
    out += exponent < 0 ? "e-" : "e+";
    if (size < 10) out += '0';
    return out += std::to_string(size);
  }
  if (exponent < 0) {
    return out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    return out.append(digits).append(whole - digits.size(), '0').append(".0");
  }
  return out.append(digits, 0, whole).append(1, '.').append(digits, whole);
}

std::string repr_text(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool twofold = text.find('"') != std::string_view::npos;
  const char quote = single && !twofold ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t pos = 0; pos < text.size(); pos += utf8_size(text[pos])) {
    append_escaped(out, utf8_decode(text, pos), quote);
  }
  return out + quote;
}

std::string to_string(Int i) {
  if (i == 0) return "0";
  std::string out;
  const bool negative = i < 0;
  for (; i != 0; i /= 10)
    out += static_cast<char>('0' + static_cast<int>(i % 10) * (negative ? -1 : 1));
  if (negative) out += '-';
  return {out.rbegin(), out.rend()};
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_html(const Value& v) {
  return v.markup() ? v.str() : escape_html(to_str(v));
}

std::optional<Int> parse_int(std::string_view text, int base) {
  text = strip(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (marked != 0 && (base == marked || base == 0)) {
      base = marked;
      text.remove_prefix(2);
      if (!text.empty() && text[0] == '_') text.remove_prefix(1);
    } else if (base == 0 && text.find_first_not_of("0_") != std::string_view::npos) {
      return std::nullopt;
    }
  }
  if (base == 0) base = 10;
  const std::optional<std::string> digits = without_underscores(text);
  if (!digits || digits->empty()) return std::nullopt;
  Int out = 0;
  for (const char c : *digits) {
    const int digit = digit_of(c);
    if (digit >= base) return std::nullopt;
    if (__builtin_mul_overflow(out, Int{base}, &out) ||
        __builtin_add_overflow(out, Int{digit}, &out)) {
      fail("an integer passes 128 bits");
    }
  }
  return negative ? -out : out;
}

std::optional<double> parse_float(std::string_view text) {
  const std::optional<std::string> clean = without_underscores(strip(text));
  if (!clean) return std::nullopt;
  std::string_view rest = *clean;
  double sign = 1;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    sign = rest[0] == '-' ? -1 : 1;
    rest.remove_prefix(1);
  }
  const std::string word = lower(rest);
  if (word == "inf" || word == "infinity") return sign * HUGE_VAL;
  if (word == "nan") return std::nan("");
  if (rest.empty() || !((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.')) return std::nullopt;
  double out = 0;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), out);
  if (end.ptr != rest.data() + rest.size()) return std::nullopt;
  if (end.ec == std::errc::result_out_of_range) {
    // Too large or too small: the sign of the exponent tells.
    const std::size_t e = rest.find_first_of("eE");
    const bool tiny = e != std::string_view::npos && e + 1 < rest.size() && rest[e + 1] == '-';
    return sign * (tiny ? 0.0 : HUGE_VAL);
  }
  if (end.ec != std::errc()) return std::nullopt;
  return sign * out;
}

Int truncate_to_int(double d) {
  if (std::isnan(d)) fail("cannot convert float NaN to integer");
  if (std::isinf(d)) fail("cannot convert float infinity to integer");
  if (std::abs(d) >= 0x1p126) fail("an integer passes 128 bits");
  return static_cast<Int>(d);
}

std::int64_t need_index(const Value& v, std::string_view what) {
  need_defined(v);
  if (!v.is_integer()) {
    fail(std::string(what) + ": '" + type_name(v) + "' object cannot be interpreted as an integer");
  }
  const Int i = v.as_int();
  if (i > INT64_MAX || i < INT64_MIN) fail(std::string(what) + ": an integer passes 64 bits");
  return static_cast<std::int64_t>(i);
}

}  // namespace rocmforge::text::jinja
