// Methods of str. Those of markup give markup, and escape what they are given.
#include <algorithm>
#include <array>

#include "text/jinja/function.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace rocmforge::text::jinja {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

Value like(const Value& self, std::string text) {
  return Value::string(std::move(text), self.markup());
}

std::string argument(const Value& self, const Bound& bound, std::size_t i) {
  bound.text(i);
  return self.markup() ? escape_html(bound.at(i)) : bound.at(i).str();
}

template <std::string (*kChange)(std::string_view)>
Value changed(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("the method", arguments, {});
  charge_steps(self.str().size() / 8);
  return like(self, kChange(self.str()));
}

bool is_one_of(std::string_view c, std::string_view set) {
  for (std::size_t pos = 0; pos < set.size(); pos += utf8_size(set[pos])) {
    if (set.substr(pos, utf8_size(set[pos])) == c) return true;
  }
  return false;
}

std::string_view last_character(std::string_view text) {
  std::size_t pos = text.size() - 1;
  while (pos > 0 && (static_cast<unsigned char>(text[pos]) & 0xc0) == 0x80) --pos;
  return text.substr(pos);
}

enum class Ends { kLeft = 1, kRight = 2, kBoth = 3 };

template <Ends kEnds>
Value stripped(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("strip", arguments, {"chars"});
  std::string_view text = self.str();
  const bool left = (static_cast<int>(kEnds) & 1) != 0, right = (static_cast<int>(kEnds) & 2) != 0;
  charge_steps(text.size() / 64);
  if (!bound.given(0)) {
    if (left) text = strip_left(text);
    if (right) text = strip_right(text);
    return like(self, std::string(text));
  }
  const std::string set = argument(self, bound, 0);
  std::size_t taken = 0;
  while (left && !text.empty() && is_one_of(text.substr(0, utf8_size(text[0])), set)) {
    text.remove_prefix(utf8_size(text[0]));
    ++taken;
  }
  while (right && !text.empty() && is_one_of(last_character(text), set)) {
    text.remove_suffix(last_character(text).size());
    ++taken;
  }
  charge_steps(taken * (1 + set.size() / 16));
  return like(self, std::string(text));
}

// The pieces between white space, at most `most` cuts from the left (or right); the rest is whole.
std::vector<std::string_view> split_spaces(std::string_view text, std::int64_t most,
                                           bool from_right) {
  std::vector<std::string_view> out;
  text = from_right ? strip_right(text) : strip_left(text);
  while (!text.empty()) {
    if (most >= 0 && static_cast<std::int64_t>(out.size()) == most) {
      out.push_back(text);
      break;
    }
    std::size_t n = 0;
    while (n < text.size()) {
      const std::string_view rest = text.substr(0, text.size() - n);
      const std::string_view c =
          from_right ? last_character(rest) : text.substr(n, utf8_size(text[n]));
      if (is_space(utf8_decode(c, 0))) break;
      n += c.size();
    }
    out.push_back(from_right ? text.substr(text.size() - n) : text.substr(0, n));
    text = from_right ? strip_right(text.substr(0, text.size() - n)) : strip_left(text.substr(n));
  }
  if (from_right) std::reverse(out.begin(), out.end());
  return out;
}

std::vector<std::string_view> split_by(std::string_view text, std::string_view separator,
                                       std::int64_t most, bool from_right) {
  std::vector<std::string_view> out;
  while (most < 0 || static_cast<std::int64_t>(out.size()) < most) {
    const std::size_t at = from_right ? text.rfind(separator) : text.find(separator);
    if (at == kNone) break;
    if (from_right) {
      out.push_back(text.substr(at + separator.size()));
      text = text.substr(0, at);
    } else {
      out.push_back(text.substr(0, at));
      text.remove_prefix(at + separator.size());
    }
  }
  out.push_back(text);
  if (from_right) std::reverse(out.begin(), out.end());
  return out;
}

Value list_of(const Value& self, const std::vector<std::string_view>& parts) {
  charge_steps(parts.size());
  std::vector<Value> out;
  out.reserve(parts.size());
  for (const std::string_view part : parts) out.push_back(like(self, std::string(part)));
  return Value::list(std::move(out));
}

template <bool kFromRight>
Value split(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  const std::int64_t most = bound.index(1, -1);
  charge_steps(self.str().size() / 8);
  if (!bound.given(0)) return list_of(self, split_spaces(self.str(), most, kFromRight));
  const std::string& separator = bound.text(0);
  if (separator.empty()) fail("empty separator");
  return list_of(self, split_by(self.str(), separator, most, kFromRight));
}

bool ends_line(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

Value split_lines(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  const std::string_view text = self.str();
  charge_steps(text.size() / 4);
  std::vector<std::string_view> out;
  std::size_t start = 0;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t end = pos;
    const bool ends = ends_line(utf8_decode(text, pos));
    pos += utf8_size(text[pos]);
    if (!ends) continue;
    if (text[end] == '\r' && pos < text.size() && text[pos] == '\n') ++pos;
    out.push_back(text.substr(start, (bound.flag(0, false) ? pos : end) - start));
    start = pos;
  }
  if (start < text.size()) out.push_back(text.substr(start));
  return list_of(self, out);
}

template <bool kFromRight>
Value partition(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("partition", arguments, {"sep"}, 1);
  const std::string& text = self.str();
  const std::string separator = bound.text(0);
  if (separator.empty()) fail("empty separator");
  const std::size_t at = kFromRight ? text.rfind(separator) : text.find(separator);
  if (at == kNone) {
    return kFromRight ? Value::tuple({like(self, ""), like(self, ""), self})
                      : Value::tuple({self, like(self, ""), like(self, "")});
  }
  return Value::tuple({like(self, text.substr(0, at)), like(self, separator),
                       like(self, text.substr(at + separator.size()))});
}

// Bytes [first, past) of the characters that `start` and `stop`, of find and its like, leave;
// nothing when start lies behind the end.
struct Window {
  std::size_t first, past;
};
std::optional<Window> window(const std::string& text, const Bound& bound) {
  const bool whole = !bound.given(1) && !bound.given(2);
  if (whole) return Window{0, text.size()};
  charge_steps(text.size() / 16);
  const auto n = static_cast<std::int64_t>(count_characters(text));
  const auto place = [&](std::size_t i, std::int64_t otherwise) {
    std::int64_t at = bound.given(i) ? bound.index(i, 0) : otherwise;
    if (at < 0) at = std::max<std::int64_t>(0, at + n);
    return at;
  };
  const std::int64_t start = place(1, 0), stop = std::min(place(2, n), n);
  if (start > stop) return std::nullopt;
  return Window{character_offset(text, static_cast<std::size_t>(start)),
                character_offset(text, static_cast<std::size_t>(stop))};
}

template <bool kFromRight, bool kMustBe>
Value find(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("find", arguments, {"sub", "start", "end"}, 1);
  const std::string& text = self.str();
  const std::string& what = bound.text(0);
  const std::optional<Window> where = window(text, bound);
  charge_steps(text.size() / 32);
  if (where) {
    const std::string_view part =
        std::string_view(text).substr(where->first, where->past - where->first);
    const std::size_t at = kFromRight ? part.rfind(what) : part.find(what);
    if (at != kNone) {
      const std::string_view before = std::string_view(text).substr(0, where->first + at);
      return Value::integer(static_cast<Int>(count_characters(before)));
    }
  }
  if (kMustBe) fail("substring not found");
  return Value::integer(-1);
}

Value count(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"sub", "start", "end"}, 1);
  const std::string& what = bound.text(0);
  const std::optional<Window> where = window(self.str(), bound);
  if (!where) return Value::integer(0);
  const std::string_view part =
      std::string_view(self.str()).substr(where->first, where->past - where->first);
  charge_steps(part.size() / 16);
  if (what.empty()) return Value::integer(static_cast<Int>(count_characters(part)) + 1);
  Int n = 0;
  for (std::size_t at = part.find(what); at != kNone; at = part.find(what, at + what.size())) ++n;
  return Value::integer(n);
}

template <bool kAtEnd>
Value begins_or_ends(Interpreter&, const Value& self, const Arguments& arguments) {
  const char* const name = kAtEnd ? "endswith" : "startswith";
  const Bound bound(name, arguments, {"affix", "start", "end"}, 1);
  const std::optional<Window> where = window(self.str(), bound);
  const std::string_view part =
      where ? std::string_view(self.str()).substr(where->first, where->past - where->first) : "";
  const auto fits = [&](const Value& affix) {
    if (!affix.is_string()) {
      fail(std::string(name) + " first arg must be str or a tuple of str, not " + type_name(affix));
    }
    return where && (kAtEnd ? part.ends_with(affix.str()) : part.starts_with(affix.str()));
  };
  if (!bound.at(0).is(Kind::kTuple)) return Value::boolean(fits(bound.at(0)));
  const std::vector<Value>& all = bound.at(0).items();
  return Value::boolean(std::any_of(all.begin(), all.end(), fits));
}

Value replace(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  const std::string old = argument(self, bound, 0), by = argument(self, bound, 1);
  return like(self, replaced(self.str(), old, by, bound.index(2, -1)));
}

Value join(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("join", arguments, {"iterable"}, 1);
  std::string out;
  std::size_t i = 0;
  for (const Value& item : iterate(bound.at(0))) {
    if (!self.markup() && !item.is_string()) {
      fail("sequence item " + std::to_string(i) + ": expected str instance, " + type_name(item) +
           " found");
    }
    if (i++ > 0) out += self.str();
    out += self.markup() ? escape_html(item) : item.str();
    check_length(out.size());
  }
  return like(self, std::move(out));
}

template <bool kSuffix>
Value remove_affix(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("removeprefix", arguments, {"affix"}, 1);
  const std::string& affix = bound.text(0);
  std::string_view text = self.str();
  if (kSuffix && text.ends_with(affix)) text.remove_suffix(affix.size());
  if (!kSuffix && text.starts_with(affix)) text.remove_prefix(affix.size());
  return Value::string(std::string(text));
}

std::string repeated(std::string_view text, std::size_t n) {
  check_length(text.size() * n);
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

enum class Side { kLeft, kRight, kCenter };

template <Side kSide>
Value justify(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("center", arguments, {"width", "fillchar"}, 1);
  const std::string fill = bound.has(1) ? argument(self, bound, 1) : " ";
  if (count_characters(fill) != 1) fail("The fill character must be exactly one character long");
  const auto n = static_cast<std::int64_t>(count_characters(self.str()));
  const std::int64_t width = bound.index(0, 0);
  if (width <= n) return self;
  const auto pad = static_cast<std::size_t>(width - n);
  check_length(pad);
  // The odd one goes to the left when the width is odd, as CPython does it.
  const std::size_t left = kSide == Side::kLeft ? 0
                           : kSide == Side::kRight
                               ? pad
                               : pad / 2 + (pad & static_cast<std::size_t>(width) & 1);
  return like(self, repeated(fill, left) + self.str() + repeated(fill, pad - left));
}

Value zero_fill(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("zfill", arguments, {"width"}, 1);
  const std::string& text = self.str();
  const auto n = static_cast<std::int64_t>(count_characters(text));
  if (bound.index(0, 0) <= n) return self;
  const auto pad = static_cast<std::size_t>(bound.index(0, 0) - n);
  check_length(pad);
  const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  return like(self, text.substr(0, sign) + std::string(pad, '0') + text.substr(sign));
}

Value expand_tabs(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("expandtabs", arguments, {"tabsize"});
  const std::int64_t size = std::clamp<std::int64_t>(bound.index(0, 8), 0, 1 << 30);
  std::string out;
  std::int64_t column = 0;
  for (const std::string_view c : characters(self.str())) {
    if (c == "\t") {
      const std::int64_t n = size > 0 ? size - column % size : 0;
      check_length(out.size() + static_cast<std::size_t>(n));
      out.append(static_cast<std::size_t>(n), ' ');
      column += n;
    } else {
      out += c;
      column = c == "\n" || c == "\r" ? 0 : column + 1;
    }
  }
  return like(self, std::move(out));
}

Value format(Interpreter&, const Value& self, const Arguments& arguments) {
  return like(self, format_braces(self.str(), arguments));
}

// Whether every character is of a class; none is not.
template <bool (*kIs)(char32_t)>
Value all_are(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("the method", arguments, {});
  const std::string& text = self.str();
  charge_steps(text.size() / 16);
  bool all = !text.empty();
  for (std::size_t pos = 0; all && pos < text.size(); pos += utf8_size(text[pos])) {
    all = kIs(utf8_decode(text, pos));
  }
  return Value::boolean(all);
}

// Whether all that has case is of this one, and something is.
template <bool kUpper>
Value cased(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("the method", arguments, {});
  return Value::boolean(is_cased_as(self.str(), kUpper));
}

Value is_titled(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("istitle", arguments, {});
  bool within = false, any = false;
  for (std::size_t pos = 0; pos < self.str().size(); pos += utf8_size(self.str()[pos])) {
    const char32_t c = utf8_decode(self.str(), pos);
    if ((is_upper(c) || is_title(c)) && within) return Value::boolean(false);
    if (is_lower(c) && !within) return Value::boolean(false);
    within = is_cased(c);
    any |= within;
  }
  return Value::boolean(any);
}

// These hold for the empty text too.
Value is_ascii_text(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("isascii", arguments, {});
  return Value::boolean(std::all_of(self.str().begin(), self.str().end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}
Value is_printable_text(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  if (self.str().empty()) return Value::boolean(true);
  return all_are<is_printable>(interpreter, self, arguments);
}
Value is_identifier_text(Interpreter&, const Value& self, const Arguments& arguments) {
  const Bound bound("isidentifier", arguments, {});
  return Value::boolean(is_identifier(self.str()));
}

struct Method {
  std::string_view name;
  Builtin function;
};
constexpr Method kMethods[] = {
    {"capitalize", changed<capitalize>},
    {"casefold", changed<lower>},
    {"center", justify<Side::kCenter>},
    {"count", count},
    {"endswith", begins_or_ends<true>},
    {"expandtabs", expand_tabs},
    {"find", find<false, false>},
    {"format", format},
    {"index", find<false, true>},
    {"isalnum", all_are<is_alnum>},
    {"isalpha", all_are<is_alpha>},
    {"isascii", is_ascii_text},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"isidentifier", is_identifier_text},
    {"islower", cased<false>},
    {"isnumeric", all_are<is_numeric>},
    {"isprintable", is_printable_text},
    {"isspace", all_are<is_space>},
    {"istitle", is_titled},
    {"isupper", cased<true>},
    {"join", join},
    {"ljust", justify<Side::kLeft>},
    {"lower", changed<lower>},
    {"lstrip", stripped<Ends::kLeft>},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<false>},
    {"removesuffix", remove_affix<true>},
    {"replace", replace},
    {"rfind", find<true, false>},
    {"rindex", find<true, true>},
    {"rjust", justify<Side::kRight>},
    {"rpartition", partition<true>},
    {"rsplit", split<true>},
    {"rstrip", stripped<Ends::kRight>},
    {"split", split<false>},
    {"splitlines", split_lines},
    {"startswith", begins_or_ends<false>},
    {"strip", stripped<Ends::kBoth>},
    {"swapcase", changed<swap_case>},
    {"title", changed<title>},
    {"upper", changed<upper>},
    {"zfill", zero_fill},
};

}  // namespace

Builtin find_string_method(std::string_view name) {
  for (const Method& m : kMethods) {
    if (m.name == name) return m.function;
  }
  return nullptr;
}

bool is_cased_as(std::string_view text, bool upper_case) {
  bool any = false;
  for (std::size_t pos = 0; pos < text.size(); pos += utf8_size(text[pos])) {
    const char32_t c = utf8_decode(text, pos);
    if (upper_case ? is_lower(c) || is_title(c) : is_upper(c) || is_title(c)) return false;
    any |= is_cased(c);
  }
  return any;
}

std::string replaced(std::string_view text, std::string_view old, std::string_view by,
                     std::int64_t most) {
  std::string out;
  const auto may = [&] { return most < 0 || most-- > 0; };
  charge_steps(text.size() / 32);
  if (old.empty()) {  // stands before each character and at the end
    for (const std::string_view c : characters(text)) {
      if (may()) out += by;
      out += c;
      check_length(out.size());
    }
    if (may()) out += by;
    return out;
  }
  std::size_t start = 0;
  for (std::size_t at = text.find(old); at != kNone && may(); at = text.find(old, start)) {
    out.append(text.substr(start, at - start)).append(by);
    start = at + old.size();
    check_length(out.size());
  }
  return out.append(text.substr(start));
}

}  // namespace rocmforge::text::jinja
