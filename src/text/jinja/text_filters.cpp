// Filters of texts.
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace rocmforge::text::jinja {
namespace {

// The value as a string: markup stays what it is.
Value soft_string(const Value& v) {
  return v.is_string() ? v : Value::string(to_str(v));
}

// A filter that is a method of strings.
Value by_method(Interpreter& interpreter, std::string_view method, const Value& v,
                const Arguments& arguments) {
  return find_string_method(method)(interpreter, soft_string(v), arguments);
}

Value upper_of(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  return by_method(interpreter, "upper", v, arguments);
}
Value lower_of(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  return by_method(interpreter, "lower", v, arguments);
}
Value capitalize_of(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  return by_method(interpreter, "capitalize", v, arguments);
}
Value trim(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  return by_method(interpreter, "strip", v, arguments);
}
Value center(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  const Bound bound("center", arguments, {"width"});
  return by_method(interpreter, "center", v, {{bound.get(0, Value::integer(80))}, {}});
}

// Unlike str.title, words begin behind spaces, hyphens and opening brackets alone.
Value title_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("title", arguments, {});
  const Value text = soft_string(v);
  const std::string& s = text.str();
  charge_steps(s.size() / 8);
  const auto separates = [&](std::size_t pos) {
    const char32_t c = utf8_decode(s, pos);
    return is_space(c) || (c < 0x80 && std::string_view("-({[<").find(static_cast<char>(c)) !=
                                           std::string_view::npos);
  };
  std::string out;
  for (std::size_t pos = 0; pos < s.size();) {
    std::size_t end = pos;
    const bool separator = separates(pos);
    while (end < s.size() && separates(end) == separator) end += utf8_size(s[end]);
    const std::string_view word = std::string_view(s).substr(pos, end - pos);
    const std::size_t first = utf8_size(word[0]);
    out += separator ? std::string(word) : upper(word.substr(0, first)) + lower(word.substr(first));
    pos = end;
  }
  return Value::string(std::move(out));
}

Value replace_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  const std::int64_t most = bound.given(2) ? bound.index(2, -1) : -1;
  return Value::string(replaced(to_str(v), to_str(bound.at(0)), to_str(bound.at(1)), most));
}

Value safe(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("safe", arguments, {});
  return Value::string(to_str(v), true);
}
Value escape(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("escape", arguments, {});
  return Value::string(escape_html(v), true);
}
Value force_escape(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("forceescape", arguments, {});
  return Value::string(escape_html(to_str(v)), true);
}

Value format(Interpreter&, const Value& v, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    fail("can't handle positional and keyword arguments at the same time");
  }
  Value with = Value::tuple(arguments.positional);
  if (!arguments.named.empty()) {
    Dict names;
    for (const auto& [name, value] : arguments.named) names.set(name, value);
    with = Value::dict(std::move(names));
  }
  return binary(BinaryOp::kMod, soft_string(v), with);
}

Value indent(Interpreter& interpreter, const Value& v, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  need_defined(v);
  if (!v.is_string()) {
    fail("unsupported operand type(s) for +=: '" + type_name(v) + "' and 'str'");
  }
  std::string by(4, ' ');
  if (bound.has(0) && bound.at(0).is_string()) {
    by = bound.at(0).str();
  } else {
    const std::int64_t width = std::max<std::int64_t>(0, bound.index(0, 4));
    check_length(static_cast<std::size_t>(width));
    by.assign(static_cast<std::size_t>(width), ' ');
  }
  const Value lines =
      find_string_method("splitlines")(interpreter, Value::string(v.str() + "\n"), Arguments{});
  std::string out;
  bool first = true;
  for (const Value& line : lines.items()) {
    if (!first) out += '\n';
    const bool indents = first ? bound.flag(1, false) : bound.flag(2, false) || !line.str().empty();
    if (indents) out += by;
    out += line.str();
    first = false;
    check_length(out.size());
  }
  return Value::string(std::move(out), v.markup());
}

// The first `length` characters, if there are more than `leeway` beyond; whole words, unless told
// otherwise.
Value truncate(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const Value text = soft_string(v);
  const std::string end = bound.has(2) ? bound.text(2) : "...";
  const std::int64_t most = bound.index(0, 255);
  const std::int64_t leeway = bound.given(3) ? bound.index(3, 5) : 5;
  const auto end_size = static_cast<std::int64_t>(count_characters(end));
  if (most < end_size) {
    fail("expected length >= " + std::to_string(end_size) + ", got " + std::to_string(most));
  }
  if (leeway < 0) fail("expected leeway >= 0, got " + std::to_string(leeway));
  const auto size = static_cast<std::int64_t>(count_characters(text.str()));
  if (size - leeway <= most) return text;
  const std::size_t cut = character_offset(text.str(), static_cast<std::size_t>(most - end_size));
  std::string out = text.str().substr(0, cut);
  if (!bound.flag(1, false)) {
    if (const std::size_t space = out.rfind(' '); space != std::string::npos) out.resize(space);
  }
  return Value::string(out + end);
}

Value word_count(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("wordcount", arguments, {});
  const std::string text = to_str(v);
  charge_steps(text.size() / 8);
  Int n = 0;
  bool within = false;
  for (std::size_t pos = 0; pos < text.size(); pos += utf8_size(text[pos])) {
    const bool word = is_word(utf8_decode(text, pos));
    n += word && !within ? 1 : 0;
    within = word;
  }
  return Value::integer(n);
}

std::string url_quoted(const std::string& text, bool for_query) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 0x80 && is_alnum(byte)) ||
                       std::string_view("-._~").find(c) != std::string_view::npos ||
                       (c == '/' && !for_query);
    if (plain) {
      out += c;
    } else if (c == ' ' && for_query) {
      out += '+';
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Value url_encode(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("urlencode", arguments, {});
  if (v.is_string() || !is_iterable(v)) return Value::string(url_quoted(to_str(v), false));
  std::string out;
  const auto pairs =
      v.is(Kind::kDict) ? ViewObject(v, ViewObject::Part::kItems).items() : iterate(v);
  for (const Value& pair : pairs) {
    const std::vector<Value> parts = iterate(pair);
    if (parts.size() != 2) fail("urlencode takes pairs");
    if (!out.empty()) out += '&';
    out += url_quoted(to_str(parts[0]), true) + "=" + url_quoted(to_str(parts[1]), true);
  }
  return Value::string(std::move(out));
}

constexpr NamedFilter kFilters[] = {
    {"capitalize", capitalize_of},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"forceescape", force_escape},
    {"format", format},
    {"indent", indent},
    {"lower", lower_of},
    {"replace", replace_of},
    {"safe", safe},
    {"title", title_of},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", upper_of},
    {"urlencode", url_encode},
    {"wordcount", word_count},
};

}  // namespace

std::span<const NamedFilter> text_filters() {
  return kFilters;
}

}  // namespace rocmforge::text::jinja
